import{$ as e,$t as t,A as n,At as r,B as i,Bt as a,C as o,Ct as s,D as c,Dt as l,E as u,Et as d,Ft as f,G as p,Gt as m,H as h,Ht as g,It as _,Jt as v,Kt as y,L as b,Lt as x,M as S,Mt as C,Nt as w,O as T,Ot as E,Pt as D,Q as O,Qt as k,Rt as A,S as ee,St as j,T as te,Tt as M,U as N,Ut as P,V as ne,Vt as F,W as I,Wt as L,X as R,Xt as z,Y as B,Z as V,Zt as H,_ as re,_t as ie,at as ae,b as oe,bt as se,cn as ce,ct as le,dt as ue,en as de,et as fe,f as pe,ft as me,g as he,gt as ge,h as _e,ht as ve,i as ye,in as U,it as be,jt as W,k as xe,kt as G,ln as K,lt as q,m as Se,mt as Ce,nn as J,nt as we,on as Te,ot as Ee,p as De,pt as Oe,q as ke,qt as Ae,r as je,rn as Me,rt as Ne,sn as Y,st as Pe,tn as Fe,tt as Ie,un as X,ut as Z,v as Le,vt as Re,w as ze,wt as Be,x as Q,xt as Ve,yt as He,z as Ue,zt as $}from"./index-BY0aaJy-.js";function We(e){let{modalColor:t,textColor1:n,textColor2:r,boxShadow3:i,lineHeight:a,fontWeightStrong:o,dividerColor:s,closeColorHover:c,closeColorPressed:l,closeIconColor:u,closeIconColorHover:d,closeIconColorPressed:f,borderRadius:p,primaryColorHover:m}=e;return{bodyPadding:`16px 24px`,borderRadius:p,headerPadding:`16px 24px`,footerPadding:`16px 24px`,color:t,textColor:r,titleTextColor:n,titleFontSize:`18px`,titleFontWeight:o,boxShadow:i,lineHeight:a,headerBorderBottom:`1px solid ${s}`,footerBorderTop:`1px solid ${s}`,closeIconColor:u,closeIconColorHover:d,closeIconColorPressed:f,closeSize:`22px`,closeIconSize:`18px`,closeColorHover:c,closeColorPressed:l,closeBorderRadius:p,resizableTriggerColorHover:m}}var Ge=Re({name:`Drawer`,common:j,peers:{Scrollbar:Ve},self:We}),Ke=[`onMouseenter`,`onMouseleave`,`onMousedown`],qe={key:1,role:`none`},Je=L({name:`NDrawerContent`,inheritAttrs:!1,props:{blockScroll:Boolean,show:{type:Boolean,default:void 0},displayDirective:{type:String,required:!0},placement:{type:String,required:!0},contentClass:String,contentStyle:[Object,String],nativeScrollbar:{type:Boolean,required:!0},scrollbarProps:Object,trapFocus:{type:Boolean,default:!0},autoFocus:{type:Boolean,default:!0},showMask:{type:[Boolean,String],required:!0},maxWidth:Number,maxHeight:Number,minWidth:Number,minHeight:Number,resizable:Boolean,onClickoutside:Function,onAfterLeave:Function,onAfterEnter:Function,onEsc:Function},setup(e){let t=U(!!e.show),n=U(null),r=y(ge),i=0,a=``,o=null,s=U(!1),c=U(!1),u=x(()=>e.placement===`top`||e.placement===`bottom`),{mergedClsPrefixRef:d,mergedRtlRef:p}=l(e),m=le(`Drawer`,p,d),h=D,g=e=>{c.value=!0,i=u.value?e.clientY:e.clientX,a=document.body.style.cursor,document.body.style.cursor=u.value?`ns-resize`:`ew-resize`,document.body.addEventListener(`mousemove`,E),document.body.addEventListener(`mouseleave`,h),document.body.addEventListener(`mouseup`,D)},_=()=>{o!==null&&(window.clearTimeout(o),o=null),c.value?s.value=!0:o=window.setTimeout(()=>{s.value=!0},300)},b=()=>{o!==null&&(window.clearTimeout(o),o=null),s.value=!1},{doUpdateHeight:S,doUpdateWidth:C}=r,w=t=>{let{maxWidth:n}=e;if(n&&t>n)return n;let{minWidth:r}=e;return r&&t<r?r:t},T=t=>{let{maxHeight:n}=e;if(n&&t>n)return n;let{minHeight:r}=e;return r&&t<r?r:t};function E(t){if(c.value){if(u.value){let r=n.value?.offsetHeight||0,a=i-t.clientY;r+=e.placement===`bottom`?a:-a,r=T(r),S(r),i=t.clientY}else{let r=n.value?.offsetWidth||0,a=i-t.clientX;r+=e.placement===`right`?a:-a,r=w(r),C(r),i=t.clientX}}}function D(){c.value&&(i=0,c.value=!1,document.body.style.cursor=a,document.body.removeEventListener(`mousemove`,E),document.body.removeEventListener(`mouseup`,D),document.body.removeEventListener(`mouseleave`,h))}Fe(()=>{e.show&&(t.value=!0)}),de(()=>e.show,e=>{e||D()}),v(()=>{D()});let O=x(()=>{let{show:t}=e,n=[[f,t]];return e.showMask||n.push([Ee,e.onClickoutside,void 0,{capture:!0}]),n});function k(){t.value=!1,e.onAfterLeave?.()}return V(x(()=>e.blockScroll&&t.value)),H(ve,n),H(Oe,null),H(Ce,null),{bodyRef:n,rtlEnabled:m,mergedClsPrefix:r.mergedClsPrefixRef,isMounted:r.isMountedRef,mergedTheme:r.mergedThemeRef,displayed:t,transitionName:x(()=>({right:`slide-in-from-right-transition`,left:`slide-in-from-left-transition`,top:`slide-in-from-top-transition`,bottom:`slide-in-from-bottom-transition`})[e.placement]),handleAfterLeave:k,bodyDirectives:O,handleMousedownResizeTrigger:g,handleMouseenterResizeTrigger:_,handleMouseleaveResizeTrigger:b,isDragging:c,isHoverOnResizeTrigger:s}},render(){let{$slots:e,mergedClsPrefix:t}=this;return this.displayDirective===`show`||this.displayed||this.show?Me((z(),F(`div`,qe,[(z(),$(Ne,{disabled:!this.showMask||!this.trapFocus,active:this.show,autoFocus:this.autoFocus,onEsc:this.onEsc},{default:()=>(z(),$(D,{name:this.transitionName,appear:this.isMounted,onAfterEnter:this.onAfterEnter,onAfterLeave:this.handleAfterLeave},{default:()=>Me(m(`div`,Ae(this.$attrs,{role:`dialog`,ref:`bodyRef`,"aria-modal":`true`,class:[`${t}-drawer`,this.rtlEnabled&&`${t}-drawer--rtl`,`${t}-drawer--${this.placement}-placement`,this.isDragging&&`${t}-drawer--unselectable`,this.nativeScrollbar&&`${t}-drawer--native-scrollbar`]}),[this.resizable?(z(),F(`div`,{key:2,class:s([`${t}-drawer__resize-trigger`,(this.isDragging||this.isHoverOnResizeTrigger)&&`${t}-drawer__resize-trigger--hover`]),onMouseenter:this.handleMouseenterResizeTrigger,onMouseleave:this.handleMouseleaveResizeTrigger,onMousedown:this.handleMousedownResizeTrigger},null,42,Ke)):null,this.nativeScrollbar?(z(),F(`div`,{key:3,class:s([`${t}-drawer-content-wrapper`,this.contentClass]),style:K(this.contentStyle),role:`none`},[M(()=>e.default?.())],6)):(z(),$(we,Ae({key:4},this.scrollbarProps,{contentStyle:this.contentStyle,contentClass:[`${t}-drawer-content-wrapper`,this.contentClass],theme:this.mergedTheme.peers.Scrollbar,themeOverrides:this.mergedTheme.peerOverrides.Scrollbar}),Be(e),1040,[`contentStyle`,`contentClass`,`theme`,`themeOverrides`]))]),this.bodyDirectives)},1032,[`name`,`appear`,`onAfterEnter`,`onAfterLeave`]))},1032,[`disabled`,`active`,`autoFocus`,`onEsc`]))])),[[f,this.displayDirective===`if`||this.displayed||this.show]]):null}}),{cubicBezierEaseIn:Ye,cubicBezierEaseOut:Xe}=d;function Ze({duration:e=`0.3s`,leaveDuration:t=`0.2s`,name:n=`slide-in-from-bottom`}={}){return[E(`&.${n}-transition-leave-active`,{transition:`transform ${t} ${Ye}`}),E(`&.${n}-transition-enter-active`,{transition:`transform ${e} ${Xe}`}),E(`&.${n}-transition-enter-to`,{transform:`translateY(0)`}),E(`&.${n}-transition-enter-from`,{transform:`translateY(100%)`}),E(`&.${n}-transition-leave-from`,{transform:`translateY(0)`}),E(`&.${n}-transition-leave-to`,{transform:`translateY(100%)`})]}var{cubicBezierEaseIn:Qe,cubicBezierEaseOut:$e}=d;function et({duration:e=`0.3s`,leaveDuration:t=`0.2s`,name:n=`slide-in-from-left`}={}){return[E(`&.${n}-transition-leave-active`,{transition:`transform ${t} ${Qe}`}),E(`&.${n}-transition-enter-active`,{transition:`transform ${e} ${$e}`}),E(`&.${n}-transition-enter-to`,{transform:`translateX(0)`}),E(`&.${n}-transition-enter-from`,{transform:`translateX(-100%)`}),E(`&.${n}-transition-leave-from`,{transform:`translateX(0)`}),E(`&.${n}-transition-leave-to`,{transform:`translateX(-100%)`})]}var{cubicBezierEaseIn:tt,cubicBezierEaseOut:nt}=d;function rt({duration:e=`0.3s`,leaveDuration:t=`0.2s`,name:n=`slide-in-from-right`}={}){return[E(`&.${n}-transition-leave-active`,{transition:`transform ${t} ${tt}`}),E(`&.${n}-transition-enter-active`,{transition:`transform ${e} ${nt}`}),E(`&.${n}-transition-enter-to`,{transform:`translateX(0)`}),E(`&.${n}-transition-enter-from`,{transform:`translateX(100%)`}),E(`&.${n}-transition-leave-from`,{transform:`translateX(0)`}),E(`&.${n}-transition-leave-to`,{transform:`translateX(100%)`})]}var{cubicBezierEaseIn:it,cubicBezierEaseOut:at}=d;function ot({duration:e=`0.3s`,leaveDuration:t=`0.2s`,name:n=`slide-in-from-top`}={}){return[E(`&.${n}-transition-leave-active`,{transition:`transform ${t} ${it}`}),E(`&.${n}-transition-enter-active`,{transition:`transform ${e} ${at}`}),E(`&.${n}-transition-enter-to`,{transform:`translateY(0)`}),E(`&.${n}-transition-enter-from`,{transform:`translateY(-100%)`}),E(`&.${n}-transition-leave-from`,{transform:`translateY(0)`}),E(`&.${n}-transition-leave-to`,{transform:`translateY(-100%)`})]}var st=E([G(`drawer`,`
 word-break: break-word;
 line-height: var(--n-line-height);
 position: absolute;
 pointer-events: all;
 box-shadow: var(--n-box-shadow);
 transition:
 background-color .3s var(--n-bezier),
 color .3s var(--n-bezier);
 background-color: var(--n-color);
 color: var(--n-text-color);
 box-sizing: border-box;
 `,[rt(),et(),ot(),Ze(),W(`unselectable`,`
 user-select: none; 
 -webkit-user-select: none;
 `),W(`native-scrollbar`,[G(`drawer-content-wrapper`,`
 overflow: auto;
 height: 100%;
 `)]),r(`resize-trigger`,`
 position: absolute;
 background-color: #0000;
 transition: background-color .3s var(--n-bezier);
 `,[W(`hover`,`
 background-color: var(--n-resize-trigger-color-hover);
 `)]),G(`drawer-content-wrapper`,`
 box-sizing: border-box;
 `),G(`drawer-content`,`
 height: 100%;
 display: flex;
 flex-direction: column;
 `,[W(`native-scrollbar`,[G(`drawer-body-content-wrapper`,`
 height: 100%;
 overflow: auto;
 `)]),G(`drawer-body`,`
 flex: 1 0 0;
 overflow: hidden;
 `),G(`drawer-body-content-wrapper`,`
 box-sizing: border-box;
 padding: var(--n-body-padding);
 `),G(`drawer-header`,`
 font-weight: var(--n-title-font-weight);
 line-height: 1;
 font-size: var(--n-title-font-size);
 color: var(--n-title-text-color);
 padding: var(--n-header-padding);
 transition: border .3s var(--n-bezier);
 border-bottom: 1px solid var(--n-divider-color);
 border-bottom: var(--n-header-border-bottom);
 display: flex;
 justify-content: space-between;
 align-items: center;
 `,[r(`main`,`
 flex: 1;
 `),r(`close`,`
 margin-left: 6px;
 transition:
 background-color .3s var(--n-bezier),
 color .3s var(--n-bezier);
 `)]),G(`drawer-footer`,`
 display: flex;
 justify-content: flex-end;
 border-top: var(--n-footer-border-top);
 transition: border .3s var(--n-bezier);
 padding: var(--n-footer-padding);
 `)]),W(`right-placement`,`
 top: 0;
 bottom: 0;
 right: 0;
 border-top-left-radius: var(--n-border-radius);
 border-bottom-left-radius: var(--n-border-radius);
 `,[r(`resize-trigger`,`
 width: 3px;
 height: 100%;
 top: 0;
 left: 0;
 transform: translateX(-1.5px);
 cursor: ew-resize;
 `)]),W(`left-placement`,`
 top: 0;
 bottom: 0;
 left: 0;
 border-top-right-radius: var(--n-border-radius);
 border-bottom-right-radius: var(--n-border-radius);
 `,[r(`resize-trigger`,`
 width: 3px;
 height: 100%;
 top: 0;
 right: 0;
 transform: translateX(1.5px);
 cursor: ew-resize;
 `)]),W(`top-placement`,`
 top: 0;
 left: 0;
 right: 0;
 border-bottom-left-radius: var(--n-border-radius);
 border-bottom-right-radius: var(--n-border-radius);
 `,[r(`resize-trigger`,`
 width: 100%;
 height: 3px;
 bottom: 0;
 left: 0;
 transform: translateY(1.5px);
 cursor: ns-resize;
 `)]),W(`bottom-placement`,`
 left: 0;
 bottom: 0;
 right: 0;
 border-top-left-radius: var(--n-border-radius);
 border-top-right-radius: var(--n-border-radius);
 `,[r(`resize-trigger`,`
 width: 100%;
 height: 3px;
 top: 0;
 left: 0;
 transform: translateY(-1.5px);
 cursor: ns-resize;
 `)])]),E(`body`,[E(`>`,[G(`drawer-container`,`
 position: fixed;
 `)])]),G(`drawer-container`,`
 position: relative;
 position: absolute;
 left: 0;
 right: 0;
 top: 0;
 bottom: 0;
 pointer-events: none;
 `,[E(`> *`,`
 pointer-events: all;
 `)]),G(`drawer-mask`,`
 background-color: rgba(0, 0, 0, .3);
 position: absolute;
 left: 0;
 right: 0;
 top: 0;
 bottom: 0;
 `,[W(`invisible`,`
 background-color: rgba(0, 0, 0, 0)
 `),Pe({enterDuration:`0.2s`,leaveDuration:`0.2s`,enterCubicBezier:`var(--n-bezier-in)`,leaveCubicBezier:`var(--n-bezier-out)`})])]),ct=[`onClick`],lt={...He.props,show:Boolean,width:[Number,String],height:[Number,String],placement:{type:String,default:`right`},maskClosable:{type:Boolean,default:!0},showMask:{type:[Boolean,String],default:!0},to:[String,Object],displayDirective:{type:String,default:`if`},nativeScrollbar:{type:Boolean,default:!0},zIndex:Number,onMaskClick:Function,scrollbarProps:Object,contentClass:String,contentStyle:[Object,String],trapFocus:{type:Boolean,default:!0},onEsc:Function,autoFocus:{type:Boolean,default:!0},closeOnEsc:{type:Boolean,default:!0},blockScroll:{type:Boolean,default:!0},maxWidth:Number,maxHeight:Number,minWidth:Number,minHeight:Number,resizable:Boolean,defaultWidth:{type:[Number,String],default:251},defaultHeight:{type:[Number,String],default:251},onUpdateWidth:[Function,Array],onUpdateHeight:[Function,Array],"onUpdate:width":[Function,Array],"onUpdate:height":[Function,Array],"onUpdate:show":[Function,Array],onUpdateShow:[Function,Array],onAfterEnter:Function,onAfterLeave:Function,drawerStyle:[String,Object],drawerClass:String,target:null,onShow:Function,onHide:Function},ut=L({name:`Drawer`,inheritAttrs:!1,props:lt,setup(e){let{mergedClsPrefixRef:t,namespaceRef:n,inlineThemeDisabled:r}=l(e),i=ue(),a=He(`Drawer`,`-drawer`,st,Ge,e,t),o=U(e.defaultWidth),s=U(e.defaultHeight),c=me(Te(e,`width`),o),u=me(Te(e,`height`),s),d=x(()=>{let{placement:t}=e;return t===`top`||t===`bottom`?``:q(c.value)}),f=x(()=>{let{placement:t}=e;return t===`left`||t===`right`?``:q(u.value)}),p=t=>{let{onUpdateWidth:n,"onUpdate:width":r}=e;n&&Z(n,t),r&&Z(r,t),o.value=t},m=t=>{let{onUpdateHeight:n,"onUpdate:width":r}=e;n&&Z(n,t),r&&Z(r,t),s.value=t},h=x(()=>[{width:d.value,height:f.value},e.drawerStyle||``]);function g(t){let{onMaskClick:n,maskClosable:r}=e;r&&b(!1),n&&n(t)}function _(e){g(e)}let v=ke();function y(t){e.onEsc?.(),e.show&&e.closeOnEsc&&B(t)&&(v.value||b(!1))}function b(t){let{onHide:n,onUpdateShow:r,"onUpdate:show":i}=e;r&&Z(r,t),i&&Z(i,t),n&&!t&&Z(n,t)}H(ge,{isMountedRef:i,mergedThemeRef:a,mergedClsPrefixRef:t,doUpdateShow:b,doUpdateHeight:m,doUpdateWidth:p});let S=x(()=>{let{common:{cubicBezierEaseInOut:e,cubicBezierEaseIn:t,cubicBezierEaseOut:n},self:{color:r,textColor:i,boxShadow:o,lineHeight:s,headerPadding:c,footerPadding:l,borderRadius:u,bodyPadding:d,titleFontSize:f,titleTextColor:p,titleFontWeight:m,headerBorderBottom:h,footerBorderTop:g,closeIconColor:_,closeIconColorHover:v,closeIconColorPressed:y,closeColorHover:b,closeColorPressed:x,closeIconSize:S,closeSize:C,closeBorderRadius:w,resizableTriggerColorHover:T}}=a.value;return{"--n-line-height":s,"--n-color":r,"--n-border-radius":u,"--n-text-color":i,"--n-box-shadow":o,"--n-bezier":e,"--n-bezier-out":n,"--n-bezier-in":t,"--n-header-padding":c,"--n-body-padding":d,"--n-footer-padding":l,"--n-title-text-color":p,"--n-title-font-size":f,"--n-title-font-weight":m,"--n-header-border-bottom":h,"--n-footer-border-top":g,"--n-close-icon-color":_,"--n-close-icon-color-hover":v,"--n-close-icon-color-pressed":y,"--n-close-size":C,"--n-close-color-hover":b,"--n-close-color-pressed":x,"--n-close-icon-size":S,"--n-close-border-radius":w,"--n-resize-trigger-color-hover":T}}),C=r?se(`drawer`,void 0,S,e):void 0;return{mergedClsPrefix:t,namespace:n,mergedBodyStyle:h,handleOutsideClick:_,handleMaskClick:g,handleEsc:y,mergedTheme:a,cssVars:r?void 0:S,themeClass:C?.themeClass,onRender:C?.onRender,isMounted:i}},render(){let{mergedClsPrefix:e}=this;return z(),$(be,{to:this.to,show:this.show},{default:()=>(this.onRender?.(),Me((z(),F(`div`,{class:s([`${e}-drawer-container`,this.namespace,this.themeClass]),style:K(this.cssVars),role:`none`},[this.showMask?(z(),$(D,{key:0,name:`fade-in-transition`,appear:this.isMounted},{default:()=>this.show?(z(),F(`div`,{key:1,"aria-hidden":!0,class:s([`${e}-drawer-mask`,this.showMask===`transparent`&&`${e}-drawer-mask--invisible`]),onClick:this.handleMaskClick},null,10,ct)):null},1032,[`appear`])):M(()=>null),(z(),$(Je,Ae(this.$attrs,{class:[this.drawerClass,this.$attrs.class],style:[this.mergedBodyStyle,this.$attrs.style],blockScroll:this.blockScroll,contentStyle:this.contentStyle,contentClass:this.contentClass,placement:this.placement,scrollbarProps:this.scrollbarProps,show:this.show,displayDirective:this.displayDirective,nativeScrollbar:this.nativeScrollbar,onAfterEnter:this.onAfterEnter,onAfterLeave:this.onAfterLeave,trapFocus:this.trapFocus,autoFocus:this.autoFocus,resizable:this.resizable,maxHeight:this.maxHeight,minHeight:this.minHeight,maxWidth:this.maxWidth,minWidth:this.minWidth,showMask:this.showMask,onEsc:this.handleEsc,onClickoutside:this.handleOutsideClick}),Be(this.$slots),1040,[`class`,`style`,`blockScroll`,`contentStyle`,`contentClass`,`placement`,`scrollbarProps`,`show`,`displayDirective`,`nativeScrollbar`,`onAfterEnter`,`onAfterLeave`,`trapFocus`,`autoFocus`,`resizable`,`maxHeight`,`minHeight`,`maxWidth`,`minWidth`,`showMask`,`onEsc`,`onClickoutside`]))],6)),[[ae,{zIndex:this.zIndex,enabled:this.show}]]))},1032,[`to`,`show`])}});function dt(e){let{infoColor:t,successColor:n,warningColor:r,errorColor:i,textColor2:a,progressRailColor:o,fontSize:s,fontWeight:c}=e;return{fontSize:s,fontSizeCircle:`28px`,fontWeightCircle:c,railColor:o,railHeight:`8px`,iconSizeCircle:`36px`,iconSizeLine:`18px`,iconColor:t,iconColorInfo:t,iconColorSuccess:n,iconColorWarning:r,iconColorError:i,textColorCircle:a,textColorLineInner:`rgb(255, 255, 255)`,textColorLineOuter:a,fillColor:t,fillColorInfo:t,fillColorSuccess:n,fillColorWarning:r,fillColorError:i,lineBgProcessing:`linear-gradient(90deg, rgba(255, 255, 255, .3) 0%, rgba(255, 255, 255, .5) 100%)`}}var ft={name:`Progress`,common:j,self:dt},pt=[`id`],mt=[`stop-color`],ht=[`stop-color`],gt=[`viewBox`],_t=[`d`,`stroke-width`],vt=[`d`,`stroke-width`],yt={success:(z(),$(e)),error:(z(),$(Ie)),warning:(z(),$(O)),info:(z(),$(fe))},bt=L({name:`ProgressCircle`,props:{clsPrefix:{type:String,required:!0},status:{type:String,required:!0},strokeWidth:{type:Number,required:!0},fillColor:[String,Object],railColor:String,railStyle:[String,Object],percentage:{type:Number,default:0},offsetDegree:{type:Number,default:0},showIndicator:{type:Boolean,required:!0},indicatorTextColor:String,unit:String,viewBoxWidth:{type:Number,required:!0},gapDegree:{type:Number,required:!0},gapOffsetDegree:{type:Number,default:0}},setup(e,{slots:t}){let n=x(()=>{let t=`gradient`,{fillColor:n}=e;return typeof n==`object`?`${t}-${w(JSON.stringify(n))}`:t});function r(t,r,i,a){let{gapDegree:o,viewBoxWidth:s,strokeWidth:c}=e,l=50+c/2,u=`M ${l},${l} m 0,50
      a 50,50 0 1 1 0,-100
      a 50,50 0 1 1 0,100`,d=Math.PI*2*50;return{pathString:u,pathStyle:{stroke:a===`rail`?i:typeof e.fillColor==`object`?`url(#${n.value})`:i,strokeDasharray:`${Math.min(t,100)/100*(d-o)}px ${s*8}px`,strokeDashoffset:`-${o/2}px`,transformOrigin:r?`center`:void 0,transform:r?`rotate(${r}deg)`:void 0}}}let i=()=>{let t=typeof e.fillColor==`object`,r=t?e.fillColor.stops[0]:``,i=t?e.fillColor.stops[1]:``;return t&&(z(),F(`defs`,null,[A(`linearGradient`,{id:n.value,x1:`0%`,y1:`100%`,x2:`100%`,y2:`0%`},[A(`stop`,{offset:`0%`,"stop-color":r},null,8,mt),A(`stop`,{offset:`100%`,"stop-color":i},null,8,ht)],8,pt)]))};return()=>{let{fillColor:n,railColor:a,strokeWidth:o,offsetDegree:c,status:l,percentage:u,showIndicator:d,indicatorTextColor:f,unit:p,gapOffsetDegree:m,clsPrefix:h}=e,{pathString:g,pathStyle:v}=r(100,0,a,`rail`),{pathString:y,pathStyle:b}=r(u,c,n,`fill`),x=100+o;return z(),F(`div`,{class:s(`${h}-progress-content`),role:`none`},[A(`div`,{class:s(`${h}-progress-graph`),"aria-hidden":!0},[A(`div`,{class:s(`${h}-progress-graph-circle`),style:K({transform:m?`rotate(${m}deg)`:void 0})},[(z(),F(`svg`,{viewBox:`0 0 ${x} ${x}`},[M(()=>i()),A(`g`,null,[A(`path`,{class:s(`${h}-progress-graph-circle-rail`),d:g,"stroke-width":o,"stroke-linecap":`round`,fill:`none`,style:K(v)},null,14,_t)]),A(`g`,null,[A(`path`,{class:s([`${h}-progress-graph-circle-fill`,u===0&&`${h}-progress-graph-circle-fill--empty`]),d:y,"stroke-width":o,"stroke-linecap":`round`,fill:`none`,style:K(b)},null,14,vt)])],8,gt))],6)],2),d?(z(),F(`div`,{key:0},[t.default?(z(),F(`div`,{key:0,class:s(`${h}-progress-custom-content`),role:`none`},[M(()=>t.default())],2)):(z(),F(_,{key:1},[l==="default"?(z(),F(`div`,{key:1,class:s(`${h}-progress-text`),style:K({color:f}),role:`none`},[A(`span`,{class:s(`${h}-progress-text__percentage`)},[M(()=>u)],2),A(`span`,{class:s(`${h}-progress-text__unit`)},[M(()=>p)],2)],6)):(z(),F(`div`,{key:0,class:s(`${h}-progress-icon`),"aria-hidden":!0},[(z(),$(ie,{clsPrefix:h},{default:()=>yt[l]},1032,[`clsPrefix`]))],2))],64))])):M(()=>null)],2)}}}),xt={success:(z(),$(e)),error:(z(),$(Ie)),warning:(z(),$(O)),info:(z(),$(fe))},St=L({name:`ProgressLine`,props:{clsPrefix:{type:String,required:!0},percentage:{type:Number,default:0},railColor:String,railStyle:[String,Object],fillColor:[String,Object],status:{type:String,required:!0},indicatorPlacement:{type:String,required:!0},indicatorTextColor:String,unit:{type:String,default:`%`},processing:{type:Boolean,required:!0},showIndicator:{type:Boolean,required:!0},height:[String,Number],railBorderRadius:[String,Number],fillBorderRadius:[String,Number]},setup(e,{slots:t}){let n=x(()=>q(e.height)),r=x(()=>typeof e.fillColor==`object`?`linear-gradient(to right, ${e.fillColor?.stops[0]} , ${e.fillColor?.stops[1]})`:e.fillColor),i=x(()=>e.railBorderRadius===void 0?e.height===void 0?``:q(e.height,{c:.5}):q(e.railBorderRadius)),a=x(()=>e.fillBorderRadius===void 0?e.railBorderRadius===void 0?e.height===void 0?``:q(e.height,{c:.5}):q(e.railBorderRadius):q(e.fillBorderRadius));return()=>{let{indicatorPlacement:o,railColor:c,railStyle:l,percentage:u,unit:d,indicatorTextColor:f,status:p,showIndicator:m,processing:h,clsPrefix:g}=e;return z(),F(`div`,{class:s(`${g}-progress-content`),role:`none`},[A(`div`,{class:s(`${g}-progress-graph`),"aria-hidden":!0},[A(`div`,{class:s([`${g}-progress-graph-line`,{[`${g}-progress-graph-line--indicator-${o}`]:!0}])},[A(`div`,{class:s(`${g}-progress-graph-line-rail`),style:K([{backgroundColor:c,height:n.value,borderRadius:i.value},l])},[A(`div`,{class:s([`${g}-progress-graph-line-fill`,h&&`${g}-progress-graph-line-fill--processing`]),style:K({maxWidth:`${e.percentage}%`,background:r.value,height:n.value,lineHeight:n.value,borderRadius:a.value})},[o===`inside`?(z(),F(`div`,{key:0,class:s(`${g}-progress-graph-line-indicator`),style:K({color:f})},[t.default?(z(),F(_,{key:0},[M(()=>t.default())],64)):(z(),F(_,{key:1},[M(()=>`${u}${d}`)],64))],6)):M(()=>null)],6)],6)],2)],2),m&&o===`outside`?(z(),F(`div`,{key:0},[t.default?(z(),F(`div`,{key:0,class:s(`${g}-progress-custom-content`),style:K({color:f}),role:`none`},[M(()=>t.default())],6)):(z(),F(_,{key:1},[p==="default"?(z(),F(`div`,{key:0,role:`none`,class:s(`${g}-progress-icon ${g}-progress-icon--as-text`),style:K({color:f})},[M(()=>u),M(()=>d)],6)):(z(),F(`div`,{key:1,class:s(`${g}-progress-icon`),"aria-hidden":!0},[(z(),$(ie,{clsPrefix:g},{default:()=>xt[p]},1032,[`clsPrefix`]))],2))],64))])):M(()=>null)],2)}}}),Ct=[`id`],wt=[`stop-color`],Tt=[`stop-color`],Et=[`d`,`stroke-width`],Dt=[`d`,`stroke-width`],Ot=[`viewBox`];function kt(e,t,n=100){return`m ${n/2} ${n/2-e} a ${e} ${e} 0 1 1 0 ${2*e} a ${e} ${e} 0 1 1 0 -${2*e}`}var At=L({name:`ProgressMultipleCircle`,props:{clsPrefix:{type:String,required:!0},viewBoxWidth:{type:Number,required:!0},percentage:{type:Array,default:[0]},strokeWidth:{type:Number,required:!0},circleGap:{type:Number,required:!0},showIndicator:{type:Boolean,required:!0},fillColor:{type:Array,default:()=>[]},railColor:{type:Array,default:()=>[]},railStyle:{type:Array,default:()=>[]}},setup(e,{slots:t}){let n=x(()=>e.percentage.map((t,n)=>`${Math.PI*t/100*(e.viewBoxWidth/2-e.strokeWidth/2*(1+2*n)-e.circleGap*n)*2}, ${e.viewBoxWidth*8}`)),r=(t,n)=>{let r=e.fillColor[n],i=typeof r==`object`?r.stops[0]:``,a=typeof r==`object`?r.stops[1]:``;return typeof e.fillColor[n]==`object`&&(z(),F(`linearGradient`,{id:`gradient-${n}`,x1:`100%`,y1:`0%`,x2:`0%`,y2:`100%`},[A(`stop`,{offset:`0%`,"stop-color":i},null,8,wt),A(`stop`,{offset:`100%`,"stop-color":a},null,8,Tt)],8,Ct))};return()=>{let{viewBoxWidth:i,strokeWidth:a,circleGap:o,showIndicator:c,fillColor:l,railColor:u,railStyle:d,percentage:f,clsPrefix:p}=e;return z(),F(`div`,{class:s(`${p}-progress-content`),role:`none`},[A(`div`,{class:s(`${p}-progress-graph`),"aria-hidden":!0},[A(`div`,{class:s(`${p}-progress-graph-circle`)},[(z(),F(`svg`,{viewBox:`0 0 ${i} ${i}`},[A(`defs`,null,[M(()=>f.map((e,t)=>r(e,t)))]),M(()=>f.map((e,t)=>(z(),F(`g`,{key:t},[A(`path`,{class:s(`${p}-progress-graph-circle-rail`),d:kt(i/2-a/2*(1+2*t)-o*t,a,i),"stroke-width":a,"stroke-linecap":`round`,fill:`none`,style:K([{strokeDashoffset:0,stroke:u[t]},d[t]])},null,14,Et),A(`path`,{class:s([`${p}-progress-graph-circle-fill`,e===0&&`${p}-progress-graph-circle-fill--empty`]),d:kt(i/2-a/2*(1+2*t)-o*t,a,i),"stroke-width":a,"stroke-linecap":`round`,fill:`none`,style:K({strokeDasharray:n.value[t],strokeDashoffset:0,stroke:typeof l[t]==`object`?`url(#gradient-${t})`:l[t]})},null,14,Dt)]))))],8,Ot))],2)],2),c&&t.default?(z(),F(`div`,{key:0},[A(`div`,{class:s(`${p}-progress-text`)},[M(()=>t.default())],2)])):M(()=>null)],2)}}}),jt=E([G(`progress`,{display:`inline-block`},[G(`progress-icon`,`
 color: var(--n-icon-color);
 transition: color .3s var(--n-bezier);
 `),W(`line`,`
 width: 100%;
 display: block;
 `,[G(`progress-content`,`
 display: flex;
 align-items: center;
 `,[G(`progress-graph`,{flex:1})]),G(`progress-custom-content`,{marginLeft:`14px`}),G(`progress-icon`,`
 width: 30px;
 padding-left: 14px;
 height: var(--n-icon-size-line);
 line-height: var(--n-icon-size-line);
 font-size: var(--n-icon-size-line);
 `,[W(`as-text`,`
 color: var(--n-text-color-line-outer);
 text-align: center;
 width: 40px;
 font-size: var(--n-font-size);
 padding-left: 4px;
 transition: color .3s var(--n-bezier);
 `)])]),W(`circle, dashboard`,{width:`120px`},[G(`progress-custom-content`,`
 position: absolute;
 left: 50%;
 top: 50%;
 transform: translateX(-50%) translateY(-50%);
 display: flex;
 align-items: center;
 justify-content: center;
 `),G(`progress-text`,`
 position: absolute;
 left: 50%;
 top: 50%;
 transform: translateX(-50%) translateY(-50%);
 display: flex;
 align-items: center;
 color: inherit;
 font-size: var(--n-font-size-circle);
 color: var(--n-text-color-circle);
 font-weight: var(--n-font-weight-circle);
 transition: color .3s var(--n-bezier);
 white-space: nowrap;
 `),G(`progress-icon`,`
 position: absolute;
 left: 50%;
 top: 50%;
 transform: translateX(-50%) translateY(-50%);
 display: flex;
 align-items: center;
 color: var(--n-icon-color);
 font-size: var(--n-icon-size-circle);
 `)]),W(`multiple-circle`,`
 width: 200px;
 color: inherit;
 `,[G(`progress-text`,`
 font-weight: var(--n-font-weight-circle);
 color: var(--n-text-color-circle);
 position: absolute;
 left: 50%;
 top: 50%;
 transform: translateX(-50%) translateY(-50%);
 display: flex;
 align-items: center;
 justify-content: center;
 transition: color .3s var(--n-bezier);
 `)]),G(`progress-content`,{position:`relative`}),G(`progress-graph`,{position:`relative`},[G(`progress-graph-circle`,[E(`svg`,{verticalAlign:`bottom`}),G(`progress-graph-circle-fill`,`
 stroke: var(--n-fill-color);
 transition:
 opacity .3s var(--n-bezier),
 stroke .3s var(--n-bezier),
 stroke-dasharray .3s var(--n-bezier);
 `,[W(`empty`,{opacity:0})]),G(`progress-graph-circle-rail`,`
 transition: stroke .3s var(--n-bezier);
 overflow: hidden;
 stroke: var(--n-rail-color);
 `)]),G(`progress-graph-line`,[W(`indicator-inside`,[G(`progress-graph-line-rail`,`
 height: 16px;
 line-height: 16px;
 border-radius: 10px;
 `,[G(`progress-graph-line-fill`,`
 height: inherit;
 border-radius: 10px;
 `),G(`progress-graph-line-indicator`,`
 background: #0000;
 white-space: nowrap;
 text-align: right;
 margin-left: 14px;
 margin-right: 14px;
 height: inherit;
 font-size: 12px;
 color: var(--n-text-color-line-inner);
 transition: color .3s var(--n-bezier);
 `)])]),W(`indicator-inside-label`,`
 height: 16px;
 display: flex;
 align-items: center;
 `,[G(`progress-graph-line-rail`,`
 flex: 1;
 transition: background-color .3s var(--n-bezier);
 `),G(`progress-graph-line-indicator`,`
 background: var(--n-fill-color);
 font-size: 12px;
 transform: translateZ(0);
 display: flex;
 vertical-align: middle;
 height: 16px;
 line-height: 16px;
 padding: 0 10px;
 border-radius: 10px;
 position: absolute;
 white-space: nowrap;
 color: var(--n-text-color-line-inner);
 transition:
 right .2s var(--n-bezier),
 color .3s var(--n-bezier),
 background-color .3s var(--n-bezier);
 `)]),G(`progress-graph-line-rail`,`
 position: relative;
 overflow: hidden;
 height: var(--n-rail-height);
 border-radius: 5px;
 background-color: var(--n-rail-color);
 transition: background-color .3s var(--n-bezier);
 `,[G(`progress-graph-line-fill`,`
 background: var(--n-fill-color);
 position: relative;
 border-radius: 5px;
 height: inherit;
 width: 100%;
 max-width: 0%;
 transition:
 background-color .3s var(--n-bezier),
 max-width .2s var(--n-bezier);
 `,[W(`processing`,[E(`&::after`,`
 content: "";
 background-image: var(--n-line-bg-processing);
 animation: progress-processing-animation 2s var(--n-bezier) infinite;
 `)])])])])])]),E(`@keyframes progress-processing-animation`,`
 0% {
 position: absolute;
 left: 0;
 top: 0;
 bottom: 0;
 right: 100%;
 opacity: 1;
 }
 66% {
 position: absolute;
 left: 0;
 top: 0;
 bottom: 0;
 right: 0;
 opacity: 0;
 }
 100% {
 position: absolute;
 left: 0;
 top: 0;
 bottom: 0;
 right: 0;
 opacity: 0;
 }
 `)]),Mt=[`aria-valuenow`,`role`],Nt={...He.props,processing:Boolean,type:{type:String,default:`line`},gapDegree:Number,gapOffsetDegree:Number,status:{type:String,default:`default`},railColor:[String,Array],railStyle:[String,Array],color:[String,Array,Object],viewBoxWidth:{type:Number,default:100},strokeWidth:{type:Number,default:7},percentage:[Number,Array],unit:{type:String,default:`%`},showIndicator:{type:Boolean,default:!0},indicatorPosition:{type:String,default:`outside`},indicatorPlacement:{type:String,default:`outside`},indicatorTextColor:String,circleGap:{type:Number,default:1},height:Number,borderRadius:[String,Number],fillBorderRadius:[String,Number],offsetDegree:Number},Pt=L({name:`Progress`,props:Nt,setup(e){let t=x(()=>e.indicatorPlacement||e.indicatorPosition),n=x(()=>{if(e.gapDegree||e.gapDegree===0)return e.gapDegree;if(e.type===`dashboard`)return 75}),{mergedClsPrefixRef:r,inlineThemeDisabled:i}=l(e),a=He(`Progress`,`-progress`,jt,ft,e,r),o=x(()=>{let{status:t}=e,{common:{cubicBezierEaseInOut:n},self:{fontSize:r,fontSizeCircle:i,railColor:o,railHeight:s,iconSizeCircle:c,iconSizeLine:l,textColorCircle:u,textColorLineInner:d,textColorLineOuter:f,lineBgProcessing:p,fontWeightCircle:m,[C(`iconColor`,t)]:h,[C(`fillColor`,t)]:g}}=a.value;return{"--n-bezier":n,"--n-fill-color":g,"--n-font-size":r,"--n-font-size-circle":i,"--n-font-weight-circle":m,"--n-icon-color":h,"--n-icon-size-circle":c,"--n-icon-size-line":l,"--n-line-bg-processing":p,"--n-rail-color":o,"--n-rail-height":s,"--n-text-color-circle":u,"--n-text-color-line-inner":d,"--n-text-color-line-outer":f}}),s=i?se(`progress`,x(()=>e.status[0]),o,e):void 0;return{mergedClsPrefix:r,mergedIndicatorPlacement:t,gapDeg:n,cssVars:i?void 0:o,themeClass:s?.themeClass,onRender:s?.onRender}},render(){let{type:e,cssVars:t,indicatorTextColor:n,showIndicator:r,status:i,railColor:a,railStyle:o,color:c,percentage:l,viewBoxWidth:u,strokeWidth:d,mergedIndicatorPlacement:f,unit:p,borderRadius:m,fillBorderRadius:h,height:g,processing:v,circleGap:y,mergedClsPrefix:b,gapDeg:x,gapOffsetDegree:S,themeClass:C,$slots:w,onRender:T}=this;return T?.(),z(),F(`div`,{class:s([C,`${b}-progress`,`${b}-progress--${e}`,`${b}-progress--${i}`]),style:K(t),"aria-valuemax":100,"aria-valuemin":0,"aria-valuenow":l,role:e===`circle`||e===`line`||e===`dashboard`?`progressbar`:`none`},[e===`circle`||e===`dashboard`?(z(),$(bt,{key:0,clsPrefix:b,status:i,showIndicator:r,indicatorTextColor:n,railColor:a,fillColor:c,railStyle:o,offsetDegree:this.offsetDegree,percentage:l,viewBoxWidth:u,strokeWidth:d,gapDegree:x===void 0?e===`dashboard`?75:0:x,gapOffsetDegree:S,unit:p},Be(w),1032,[`clsPrefix`,`status`,`showIndicator`,`indicatorTextColor`,`railColor`,`fillColor`,`railStyle`,`offsetDegree`,`percentage`,`viewBoxWidth`,`strokeWidth`,`gapDegree`,`gapOffsetDegree`,`unit`])):(z(),F(_,{key:1},[e===`line`?(z(),$(St,{key:0,clsPrefix:b,status:i,showIndicator:r,indicatorTextColor:n,railColor:a,fillColor:c,railStyle:o,percentage:l,processing:v,indicatorPlacement:f,unit:p,fillBorderRadius:h,railBorderRadius:m,height:g},Be(w),1032,[`clsPrefix`,`status`,`showIndicator`,`indicatorTextColor`,`railColor`,`fillColor`,`railStyle`,`percentage`,`processing`,`indicatorPlacement`,`unit`,`fillBorderRadius`,`railBorderRadius`,`height`])):(z(),F(_,{key:1},[e===`multiple-circle`?(z(),$(At,{key:0,clsPrefix:b,strokeWidth:d,railColor:a,fillColor:c,railStyle:o,viewBoxWidth:u,percentage:l,showIndicator:r,circleGap:y},Be(w),1032,[`clsPrefix`,`strokeWidth`,`railColor`,`fillColor`,`railStyle`,`viewBoxWidth`,`percentage`,`showIndicator`,`circleGap`])):M(()=>null)],64))],64))],14,Mt)}}),Ft={class:`drawer`},It={class:`row`},Lt=[`aria-label`],Rt={class:`grow cut`},zt=[`aria-label`],Bt={key:0,class:`body`},Vt={key:0,class:`note bad`,role:`alert`},Ht={key:2,class:`empty`},Ut=[`onClick`],Wt={class:`grow`},Gt={class:`row`},Kt={class:`cut`},qt={key:0,class:`tag`},Jt={key:1,class:`tag`},Yt={class:`small soft cut numbers`,style:{display:`block`}},Xt={key:1,class:`body`},Zt={class:`soft numbers`},Qt={key:0,class:`note bad`},$t={class:`soft small numbers`},en={class:`row wrap`},tn=[`href`],nn=[`href`],rn={key:1,class:`note`,role:`status`},an=[`aria-pressed`,`onClick`],on={class:`numbers`},sn={key:3,class:`note bad`,role:`alert`},cn={class:`items`},ln={class:`pic`},un={class:`grow`},dn={class:`cut`,style:{display:`block`}},fn={key:0},pn={key:5,class:`out`},mn=De(L({__name:`TasksDrawer`,props:{show:{type:Boolean}},emits:[`update:show`],setup(e,{emit:r}){let s=e,l=r,d=U(``),f=x(()=>T.value.find(e=>e.taskID===d.value)),m=U(``),v=U(``),y=U([]),C=U(0),w=U(!1),E=U(),D=0;function O(e){d.value=e.taskID,te(e.taskID),v.value=e.failed>0?`failed`:``,E.value=void 0,j(!0)}async function j(e){e&&(D++,C.value=0,y.value=[]);let t=D;w.value=!0;try{let e=await b(`/api/v1/oss/source/copy/items`,{taskID:d.value,outcome:v.value,limit:100,lastSeq:C.value});if(t!==D)return;y.value.push(...e.list),C.value=e.lastSeq}catch(e){t===D&&(m.value=e.message)}finally{t===D&&(w.value=!1)}}de(()=>s.show,e=>{if(!e)return;m.value=``,d.value=``;let t=T.value.find(e=>e.taskID===n.value)??oe.value;n.value=``,t&&O(t),ze.value||o().catch(e=>m.value=e.message)},{immediate:!0}),de(()=>f.value&&Q(f.value),(e,t)=>{t&&!e&&f.value&&s.show&&O(f.value)});let M=U([]);de(()=>[d.value,f.value&&Q(f.value),f.value?.undoAt],async([e,t])=>{M.value=[];let n=f.value;if(!e||t||!n||n.copied+n.replaced===0)return;let r=[];try{for(let t of[`copied`,`replaced`])for(let n=0;n>=0;){let i=await b(`/api/v1/oss/source/copy/items`,{taskID:e,outcome:t,limit:100,lastSeq:n});r.push(...i.list.filter(e=>e.downloadURL).map(e=>e.imageID)),n=i.lastSeq}e===d.value&&(M.value=[...new Set(r)])}catch{}},{immediate:!0});let L=x(()=>{let e=f.value;return e?[``,`failed`,`copied`,`replaced`,`skipped`].map(t=>({o:t,n:t===``?Le(e):e[t]})).filter(e=>e.o===``||e.n>0).map(e=>({...e,label:I(`outcome.`+(e.o||`all`))})):[]}),B=e=>{if(e.status===4)return I(`tasks.waiting`);if(e.status===1)return e.total?I(`tasks.running`,{done:ne(Le(e)),of:ne(e.total)}):I(`tasks.preparing`);if(e.failCode===`cancelled`)return I(`tasks.cancelled`);if(e.status===3)return I(`tasks.failed`);let t=e.copied+e.replaced;return t===0&&e.failed===0?I(`tasks.nothing`):t===0?N(`tasks.someFailed`,e.failed):N(`tasks.published`,t)},V=e=>e.status===3?h.value===`zh`?e.failMsg:I(`limit.`+e.failCode,{max:``}):``,H=e=>Q(e)?`busy`:e.failCode===`cancelled`?`warn`:e.status===3||e.failed>0?`bad`:`good`,ie=e=>h.value===`zh`?e.reasonMessage:e.reasonMessageEn.charAt(0).toUpperCase()+e.reasonMessageEn.slice(1);async function ae(e){await re(e.taskID).catch(Se),await c(e.taskID).catch(()=>void 0)}async function se(e){try{let t=await u(e.taskID);await o();let n=T.value.find(e=>e.taskID===t);n&&O(n)}catch(e){Se(e)}}async function le(e){try{let t=await xe(e.taskID,!0);if(t.removed+t.restored===0)return E.value=t,he(I(`undo.nothing`));_e({title:I(`undo.title`),text:[t.removed?N(`undo.removed`,t.removed):``,t.restored?N(`undo.restored`,t.restored):``,t.kept.length?N(`undo.kept`,t.kept.length):``].filter(e=>e).join(`
`),action:I(`undo.go`),danger:t.removed>0,run:async()=>{E.value=await xe(e.taskID,!1),await j(!0)}})}catch(e){Se(e)}}let ue=(e,t)=>`/api/v1/oss/source/copy/report?taskID=${e.taskID}&format=${t}`;return(n,r)=>(z(),$(Y(ut),{show:e.show,width:Y(S)?`100%`:520,placement:`right`,"aria-label":n.$t(`tasks.title`),"onUpdate:show":r[7]||=e=>l(`update:show`,e)},{default:J(()=>[A(`div`,Ft,[A(`header`,It,[f.value?(z(),F(`button`,{key:0,class:`tool`,"aria-label":n.$t(`back`),onClick:r[0]||=e=>d.value=``},[P(pe,{name:`right`,style:{transform:`scaleX(-1)`}})],8,Lt)):a(``,!0),A(`h2`,Rt,X(f.value?B(f.value):n.$t(`tasks.title`)),1),A(`button`,{class:`tool`,"aria-label":n.$t(`close`),onClick:r[1]||=e=>l(`update:show`,!1)},[P(pe,{name:`close`})],8,zt)]),f.value?(z(),F(`div`,Xt,[Y(Q)(f.value)?(z(),F(_,{key:0},[P(Y(Pt),{type:`line`,height:8,"show-indicator":!1,percentage:f.value.total?100*Y(Le)(f.value)/f.value.total:0,"aria-label":B(f.value)},null,8,[`percentage`,`aria-label`]),A(`p`,Zt,X(f.value.status===4?n.$t(`tasks.waitingHint`):n.$t(`tasks.runningHint`)),1),P(Y(R),{onClick:r[3]||=e=>ae(f.value)},{default:J(()=>[g(X(n.$t(`tasks.cancel`)),1)]),_:1})],64)):(z(),F(_,{key:1},[V(f.value)?(z(),F(`p`,Qt,X(V(f.value)),1)):a(``,!0),A(`p`,$t,[g(X(Y(p)(f.value.finishAt||f.value.createAt))+` · `+X(Y(i)(f.value.bytes)),1),f.value.undoAt?(z(),F(_,{key:0},[g(` · `+X(n.$t(`tasks.undoneAt`,{at:Y(p)(f.value.undoAt)})),1)],64)):a(``,!0)]),A(`div`,en,[f.value.failed>0||f.value.status===3?(z(),$(Y(R),{key:0,type:`primary`,size:`small`,onClick:r[4]||=e=>se(f.value)},{default:J(()=>[g(X(f.value.failed>0?Y(N)(`tasks.retryFailed`,f.value.failed):n.$t(`tasks.retryAll`)),1)]),_:1})):a(``,!0),f.value.copied+f.value.replaced>0?(z(),$(Y(R),{key:1,size:`small`,onClick:r[5]||=e=>le(f.value)},{default:J(()=>[g(X(n.$t(`undo.go`))+`…`,1)]),_:1})):a(``,!0),A(`a`,{class:`tool small`,href:ue(f.value,`csv`),download:``},X(n.$t(`tasks.report`))+` CSV`,9,tn),A(`a`,{class:`tool small`,href:ue(f.value,`json`),download:``},`JSON`,8,nn)]),E.value?(z(),F(`div`,rn,[A(`p`,null,[g(X(Y(N)(`undo.wasRemoved`,E.value.removed)),1),E.value.restored?(z(),F(_,{key:0},[g(X(n.$t(`and`))+X(Y(N)(`undo.wasRestored`,E.value.restored)),1)],64)):a(``,!0)]),(z(!0),F(_,null,k(E.value.kept.slice(0,20),e=>(z(),F(`p`,{key:e.imageID,class:`small`},X(e.filename)+`: `+X(ie(e)),1))),128))])):a(``,!0)],64)),L.value.length>1?(z(),$(t(`div`),{key:2,class:`row wrap tabs`,role:`group`,"aria-label":n.$t(`tasks.filter`)},{default:J(()=>[(z(!0),F(_,null,k(L.value,e=>(z(),F(`button`,{key:e.o,class:`tool small`,"aria-pressed":v.value===e.o,onClick:t=>(v.value=e.o,j(!0))},[g(X(e.label)+` `,1),A(`span`,on,X(Y(ne)(e.n)),1)],8,an))),128))]),_:1},8,[`aria-label`])):a(``,!0),m.value?(z(),F(`p`,sn,X(m.value),1)):a(``,!0),A(`ul`,cn,[(z(!0),F(_,null,k(y.value,e=>(z(),F(`li`,{key:e.seq},[A(`span`,ln,[P(je,{kind:e.downloadURL?`bed`:`drive`,id:e.downloadURL?e.imageID:e.fileId,name:e.filename,etag:e.etag,size:128,url:e.downloadURL},null,8,[`kind`,`id`,`name`,`etag`,`url`])]),A(`span`,un,[A(`span`,dn,X(e.filename),1),A(`span`,{class:ce([`small cut`,e.outcome===`failed`?`bad`:`soft`]),style:{display:`block`}},X(e.reason?ie(e):e.targetPath),3)]),A(`span`,{class:ce([`tag`,{copied:`good`,replaced:`good`,failed:`bad`,skipped:``,open:`busy`}[e.outcome]])},X(n.$t(`outcome.`+e.outcome)),3)]))),128)),w.value&&y.value.length===0?(z(),F(`li`,fn,[...r[8]||=[A(`span`,{class:`bone`,style:{height:`40px`,width:`100%`}},null,-1)]])):a(``,!0)]),C.value>0&&y.value.length?(z(),$(Y(R),{key:4,block:``,quaternary:``,loading:w.value,onClick:r[6]||=e=>j(!1)},{default:J(()=>[g(X(n.$t(`more`)),1)]),_:1},8,[`loading`])):a(``,!0),M.value.length&&!Y(Q)(f.value)?(z(),F(`section`,pn,[A(`h3`,null,X(Y(N)(`links.of`,M.value.length)),1),P(ye,{ids:M.value},null,8,[`ids`])])):a(``,!0)])):(z(),F(`div`,Bt,[m.value?(z(),F(`p`,Vt,X(m.value),1)):Y(ze)?Y(T).length===0?(z(),F(`div`,Ht,[P(pe,{name:`publish`,size:32}),A(`p`,null,X(n.$t(`tasks.none`)),1)])):a(``,!0):(z(),F(_,{key:1},k(4,e=>A(`div`,{key:e,class:`bone`,style:{height:`52px`,"margin-bottom":`8px`}})),64)),(z(!0),F(_,null,k(Y(T),e=>(z(),F(`button`,{key:e.taskID,class:`task`,onClick:t=>O(e)},[A(`span`,{class:ce([`dot`,H(e)])},null,2),A(`span`,Wt,[A(`span`,Gt,[A(`b`,Kt,X(B(e)),1),e.undoAt?(z(),F(`span`,qt,X(n.$t(`tasks.undone`)),1)):e.retryOf?(z(),F(`span`,Jt,X(n.$t(`tasks.retry`)),1)):a(``,!0)]),A(`span`,Yt,[g(X(Y(Ue)(e.createAt)),1),!Y(Q)(e)&&e.failed&&e.status!==3?(z(),F(_,{key:0},[g(` · `+X(Y(N)(`tasks.someFailed`,e.failed)),1)],64)):a(``,!0),V(e)?(z(),F(_,{key:1},[g(` · `+X(V(e)),1)],64)):a(``,!0)]),Y(Q)(e)?(z(),$(Y(Pt),{key:0,type:`line`,height:4,"show-indicator":!1,percentage:e.total?100*Y(Le)(e)/e.total:0,"aria-label":B(e)},null,8,[`percentage`,`aria-label`])):a(``,!0)]),P(pe,{name:`right`,size:16})],8,Ut))),128)),Y(T).length&&Y(ee)!==`-1`?(z(),$(Y(R),{key:3,block:``,quaternary:``,onClick:r[2]||=e=>Y(o)(!0).catch(Y(Se))},{default:J(()=>[g(X(n.$t(`more`)),1)]),_:1})):a(``,!0)]))])]),_:1},8,[`show`,`width`,`aria-label`]))}}),[[`__scopeId`,`data-v-0ad0d49d`]]);export{mn as default};