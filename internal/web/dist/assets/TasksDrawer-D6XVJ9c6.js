import{$ as e,$t as t,At as n,B as r,Bt as i,C as a,Ct as o,D as s,Dt as c,E as l,Et as u,Ft as d,Gt as f,H as p,Ht as m,I as h,It as g,J as _,K as v,Kt as y,Lt as b,Mt as x,Nt as S,O as C,Ot as w,Pt as T,Q as E,Qt as D,R as ee,Rt as O,S as te,St as k,T as ne,Tt as A,U as j,Ut as M,V as re,Vt as N,W as ie,Wt as P,X as F,Xt as I,Y as L,Yt as R,Z as ae,Zt as z,_ as oe,_t as se,an as ce,at as le,b as ue,bt as de,cn as B,ct as V,dt as fe,en as pe,et as me,f as H,ft as he,g as ge,gt as _e,h as ve,ht as ye,i as be,it as xe,j as Se,jt as Ce,k as we,kt as U,ln as W,lt as G,m as K,mt as Te,nn as Ee,nt as De,on as q,ot as Oe,p as ke,pt as Ae,qt as je,r as Me,rn as J,rt as Ne,sn as Pe,st as Fe,tn as Y,tt as Ie,ut as Le,v as X,vt as Re,w as ze,wt as Z,x as Q,xt as Be,yt as Ve,z as He,zt as $}from"./index-BgYMzq4N.js";function Ue(e){let{modalColor:t,textColor1:n,textColor2:r,boxShadow3:i,lineHeight:a,fontWeightStrong:o,dividerColor:s,closeColorHover:c,closeColorPressed:l,closeIconColor:u,closeIconColorHover:d,closeIconColorPressed:f,borderRadius:p,primaryColorHover:m}=e;return{bodyPadding:`16px 24px`,borderRadius:p,headerPadding:`16px 24px`,footerPadding:`16px 24px`,color:t,textColor:r,titleTextColor:n,titleFontSize:`18px`,titleFontWeight:o,boxShadow:i,lineHeight:a,headerBorderBottom:`1px solid ${s}`,footerBorderTop:`1px solid ${s}`,closeIconColor:u,closeIconColorHover:d,closeIconColorPressed:f,closeSize:`22px`,closeIconSize:`18px`,closeColorHover:c,closeColorPressed:l,closeBorderRadius:p,resizableTriggerColorHover:m}}var We=se({name:`Drawer`,common:Be,peers:{Scrollbar:de},self:Ue}),Ge=[`onMouseenter`,`onMouseleave`,`onMousedown`],Ke={key:1,role:`none`},qe=M({name:`NDrawerContent`,inheritAttrs:!1,props:{blockScroll:Boolean,show:{type:Boolean,default:void 0},displayDirective:{type:String,required:!0},placement:{type:String,required:!0},contentClass:String,contentStyle:[Object,String],nativeScrollbar:{type:Boolean,required:!0},scrollbarProps:Object,trapFocus:{type:Boolean,default:!0},autoFocus:{type:Boolean,default:!0},showMask:{type:[Boolean,String],required:!0},maxWidth:Number,maxHeight:Number,minWidth:Number,minHeight:Number,resizable:Boolean,onClickoutside:Function,onAfterLeave:Function,onAfterEnter:Function,onEsc:Function},setup(e){let n=J(!!e.show),r=J(null),i=f(ye),a=0,o=``,s=null,c=J(!1),l=J(!1),d=g(()=>e.placement===`top`||e.placement===`bottom`),{mergedClsPrefixRef:p,mergedRtlRef:m}=u(e),h=Fe(`Drawer`,m,p),_=D,v=e=>{l.value=!0,a=d.value?e.clientY:e.clientX,o=document.body.style.cursor,document.body.style.cursor=d.value?`ns-resize`:`ew-resize`,document.body.addEventListener(`mousemove`,E),document.body.addEventListener(`mouseleave`,_),document.body.addEventListener(`mouseup`,D)},y=()=>{s!==null&&(window.clearTimeout(s),s=null),l.value?c.value=!0:s=window.setTimeout(()=>{c.value=!0},300)},b=()=>{s!==null&&(window.clearTimeout(s),s=null),c.value=!1},{doUpdateHeight:x,doUpdateWidth:S}=i,C=t=>{let{maxWidth:n}=e;if(n&&t>n)return n;let{minWidth:r}=e;return r&&t<r?r:t},w=t=>{let{maxHeight:n}=e;if(n&&t>n)return n;let{minHeight:r}=e;return r&&t<r?r:t};function E(t){if(l.value){if(d.value){let n=r.value?.offsetHeight||0,i=a-t.clientY;n+=e.placement===`bottom`?i:-i,n=w(n),x(n),a=t.clientY}else{let n=r.value?.offsetWidth||0,i=a-t.clientX;n+=e.placement===`right`?i:-i,n=C(n),S(n),a=t.clientX}}}function D(){l.value&&(a=0,l.value=!1,document.body.style.cursor=o,document.body.removeEventListener(`mousemove`,E),document.body.removeEventListener(`mouseup`,D),document.body.removeEventListener(`mouseleave`,_))}pe(()=>{e.show&&(n.value=!0)}),t(()=>e.show,e=>{e||D()}),je(()=>{D()});let ee=g(()=>{let{show:t}=e,n=[[T,t]];return e.showMask||n.push([le,e.onClickoutside,void 0,{capture:!0}]),n});function O(){n.value=!1,e.onAfterLeave?.()}return F(g(()=>e.blockScroll&&n.value)),I(Te,r),I(he,null),I(Ae,null),{bodyRef:r,rtlEnabled:h,mergedClsPrefix:i.mergedClsPrefixRef,isMounted:i.isMountedRef,mergedTheme:i.mergedThemeRef,displayed:n,transitionName:g(()=>({right:`slide-in-from-right-transition`,left:`slide-in-from-left-transition`,top:`slide-in-from-top-transition`,bottom:`slide-in-from-bottom-transition`})[e.placement]),handleAfterLeave:O,bodyDirectives:ee,handleMousedownResizeTrigger:v,handleMouseenterResizeTrigger:y,handleMouseleaveResizeTrigger:b,isDragging:l,isHoverOnResizeTrigger:c}},render(){let{$slots:e,mergedClsPrefix:t}=this;return this.displayDirective===`show`||this.displayed||this.show?Ee((R(),i(`div`,Ke,[(R(),O(De,{disabled:!this.showMask||!this.trapFocus,active:this.show,autoFocus:this.autoFocus,onEsc:this.onEsc},{default:()=>(R(),O(S,{name:this.transitionName,appear:this.isMounted,onAfterEnter:this.onAfterEnter,onAfterLeave:this.handleAfterLeave},{default:()=>Ee(P(`div`,y(this.$attrs,{role:`dialog`,ref:`bodyRef`,"aria-modal":`true`,class:[`${t}-drawer`,this.rtlEnabled&&`${t}-drawer--rtl`,`${t}-drawer--${this.placement}-placement`,this.isDragging&&`${t}-drawer--unselectable`,this.nativeScrollbar&&`${t}-drawer--native-scrollbar`]}),[this.resizable?(R(),i(`div`,{key:2,class:k([`${t}-drawer__resize-trigger`,(this.isDragging||this.isHoverOnResizeTrigger)&&`${t}-drawer__resize-trigger--hover`]),onMouseenter:this.handleMouseenterResizeTrigger,onMouseleave:this.handleMouseleaveResizeTrigger,onMousedown:this.handleMousedownResizeTrigger},null,42,Ge)):null,this.nativeScrollbar?(R(),i(`div`,{key:3,class:k([`${t}-drawer-content-wrapper`,this.contentClass]),style:B(this.contentStyle),role:`none`},[Z(()=>e.default?.())],6)):(R(),O(Ie,y({key:4},this.scrollbarProps,{contentStyle:this.contentStyle,contentClass:[`${t}-drawer-content-wrapper`,this.contentClass],theme:this.mergedTheme.peers.Scrollbar,themeOverrides:this.mergedTheme.peerOverrides.Scrollbar}),o(e),1040,[`contentStyle`,`contentClass`,`theme`,`themeOverrides`]))]),this.bodyDirectives)},1032,[`name`,`appear`,`onAfterEnter`,`onAfterLeave`]))},1032,[`disabled`,`active`,`autoFocus`,`onEsc`]))])),[[T,this.displayDirective===`if`||this.displayed||this.show]]):null}}),{cubicBezierEaseIn:Je,cubicBezierEaseOut:Ye}=A;function Xe({duration:e=`0.3s`,leaveDuration:t=`0.2s`,name:n=`slide-in-from-bottom`}={}){return[c(`&.${n}-transition-leave-active`,{transition:`transform ${t} ${Je}`}),c(`&.${n}-transition-enter-active`,{transition:`transform ${e} ${Ye}`}),c(`&.${n}-transition-enter-to`,{transform:`translateY(0)`}),c(`&.${n}-transition-enter-from`,{transform:`translateY(100%)`}),c(`&.${n}-transition-leave-from`,{transform:`translateY(0)`}),c(`&.${n}-transition-leave-to`,{transform:`translateY(100%)`})]}var{cubicBezierEaseIn:Ze,cubicBezierEaseOut:Qe}=A;function $e({duration:e=`0.3s`,leaveDuration:t=`0.2s`,name:n=`slide-in-from-left`}={}){return[c(`&.${n}-transition-leave-active`,{transition:`transform ${t} ${Ze}`}),c(`&.${n}-transition-enter-active`,{transition:`transform ${e} ${Qe}`}),c(`&.${n}-transition-enter-to`,{transform:`translateX(0)`}),c(`&.${n}-transition-enter-from`,{transform:`translateX(-100%)`}),c(`&.${n}-transition-leave-from`,{transform:`translateX(0)`}),c(`&.${n}-transition-leave-to`,{transform:`translateX(-100%)`})]}var{cubicBezierEaseIn:et,cubicBezierEaseOut:tt}=A;function nt({duration:e=`0.3s`,leaveDuration:t=`0.2s`,name:n=`slide-in-from-right`}={}){return[c(`&.${n}-transition-leave-active`,{transition:`transform ${t} ${et}`}),c(`&.${n}-transition-enter-active`,{transition:`transform ${e} ${tt}`}),c(`&.${n}-transition-enter-to`,{transform:`translateX(0)`}),c(`&.${n}-transition-enter-from`,{transform:`translateX(100%)`}),c(`&.${n}-transition-leave-from`,{transform:`translateX(0)`}),c(`&.${n}-transition-leave-to`,{transform:`translateX(100%)`})]}var{cubicBezierEaseIn:rt,cubicBezierEaseOut:it}=A;function at({duration:e=`0.3s`,leaveDuration:t=`0.2s`,name:n=`slide-in-from-top`}={}){return[c(`&.${n}-transition-leave-active`,{transition:`transform ${t} ${rt}`}),c(`&.${n}-transition-enter-active`,{transition:`transform ${e} ${it}`}),c(`&.${n}-transition-enter-to`,{transform:`translateY(0)`}),c(`&.${n}-transition-enter-from`,{transform:`translateY(-100%)`}),c(`&.${n}-transition-leave-from`,{transform:`translateY(0)`}),c(`&.${n}-transition-leave-to`,{transform:`translateY(-100%)`})]}var ot=c([w(`drawer`,`
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
 `,[nt(),$e(),at(),Xe(),n(`unselectable`,`
 user-select: none; 
 -webkit-user-select: none;
 `),n(`native-scrollbar`,[w(`drawer-content-wrapper`,`
 overflow: auto;
 height: 100%;
 `)]),U(`resize-trigger`,`
 position: absolute;
 background-color: #0000;
 transition: background-color .3s var(--n-bezier);
 `,[n(`hover`,`
 background-color: var(--n-resize-trigger-color-hover);
 `)]),w(`drawer-content-wrapper`,`
 box-sizing: border-box;
 `),w(`drawer-content`,`
 height: 100%;
 display: flex;
 flex-direction: column;
 `,[n(`native-scrollbar`,[w(`drawer-body-content-wrapper`,`
 height: 100%;
 overflow: auto;
 `)]),w(`drawer-body`,`
 flex: 1 0 0;
 overflow: hidden;
 `),w(`drawer-body-content-wrapper`,`
 box-sizing: border-box;
 padding: var(--n-body-padding);
 `),w(`drawer-header`,`
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
 `,[U(`main`,`
 flex: 1;
 `),U(`close`,`
 margin-left: 6px;
 transition:
 background-color .3s var(--n-bezier),
 color .3s var(--n-bezier);
 `)]),w(`drawer-footer`,`
 display: flex;
 justify-content: flex-end;
 border-top: var(--n-footer-border-top);
 transition: border .3s var(--n-bezier);
 padding: var(--n-footer-padding);
 `)]),n(`right-placement`,`
 top: 0;
 bottom: 0;
 right: 0;
 border-top-left-radius: var(--n-border-radius);
 border-bottom-left-radius: var(--n-border-radius);
 `,[U(`resize-trigger`,`
 width: 3px;
 height: 100%;
 top: 0;
 left: 0;
 transform: translateX(-1.5px);
 cursor: ew-resize;
 `)]),n(`left-placement`,`
 top: 0;
 bottom: 0;
 left: 0;
 border-top-right-radius: var(--n-border-radius);
 border-bottom-right-radius: var(--n-border-radius);
 `,[U(`resize-trigger`,`
 width: 3px;
 height: 100%;
 top: 0;
 right: 0;
 transform: translateX(1.5px);
 cursor: ew-resize;
 `)]),n(`top-placement`,`
 top: 0;
 left: 0;
 right: 0;
 border-bottom-left-radius: var(--n-border-radius);
 border-bottom-right-radius: var(--n-border-radius);
 `,[U(`resize-trigger`,`
 width: 100%;
 height: 3px;
 bottom: 0;
 left: 0;
 transform: translateY(1.5px);
 cursor: ns-resize;
 `)]),n(`bottom-placement`,`
 left: 0;
 bottom: 0;
 right: 0;
 border-top-left-radius: var(--n-border-radius);
 border-top-right-radius: var(--n-border-radius);
 `,[U(`resize-trigger`,`
 width: 100%;
 height: 3px;
 top: 0;
 left: 0;
 transform: translateY(-1.5px);
 cursor: ns-resize;
 `)])]),c(`body`,[c(`>`,[w(`drawer-container`,`
 position: fixed;
 `)])]),w(`drawer-container`,`
 position: relative;
 position: absolute;
 left: 0;
 right: 0;
 top: 0;
 bottom: 0;
 pointer-events: none;
 `,[c(`> *`,`
 pointer-events: all;
 `)]),w(`drawer-mask`,`
 background-color: rgba(0, 0, 0, .3);
 position: absolute;
 left: 0;
 right: 0;
 top: 0;
 bottom: 0;
 `,[n(`invisible`,`
 background-color: rgba(0, 0, 0, 0)
 `),Oe({enterDuration:`0.2s`,leaveDuration:`0.2s`,enterCubicBezier:`var(--n-bezier-in)`,leaveCubicBezier:`var(--n-bezier-out)`})])]),st=[`onClick`],ct={...Re.props,show:Boolean,width:[Number,String],height:[Number,String],placement:{type:String,default:`right`},maskClosable:{type:Boolean,default:!0},showMask:{type:[Boolean,String],default:!0},to:[String,Object],displayDirective:{type:String,default:`if`},nativeScrollbar:{type:Boolean,default:!0},zIndex:Number,onMaskClick:Function,scrollbarProps:Object,contentClass:String,contentStyle:[Object,String],trapFocus:{type:Boolean,default:!0},onEsc:Function,autoFocus:{type:Boolean,default:!0},closeOnEsc:{type:Boolean,default:!0},blockScroll:{type:Boolean,default:!0},maxWidth:Number,maxHeight:Number,minWidth:Number,minHeight:Number,resizable:Boolean,defaultWidth:{type:[Number,String],default:251},defaultHeight:{type:[Number,String],default:251},onUpdateWidth:[Function,Array],onUpdateHeight:[Function,Array],"onUpdate:width":[Function,Array],"onUpdate:height":[Function,Array],"onUpdate:show":[Function,Array],onUpdateShow:[Function,Array],onAfterEnter:Function,onAfterLeave:Function,drawerStyle:[String,Object],drawerClass:String,target:null,onShow:Function,onHide:Function},lt=M({name:`Drawer`,inheritAttrs:!1,props:ct,setup(e){let{mergedClsPrefixRef:t,namespaceRef:n,inlineThemeDisabled:r}=u(e),i=Le(),a=Re(`Drawer`,`-drawer`,ot,We,e,t),o=J(e.defaultWidth),s=J(e.defaultHeight),c=fe(ce(e,`width`),o),l=fe(ce(e,`height`),s),d=g(()=>{let{placement:t}=e;return t===`top`||t===`bottom`?``:V(c.value)}),f=g(()=>{let{placement:t}=e;return t===`left`||t===`right`?``:V(l.value)}),p=t=>{let{onUpdateWidth:n,"onUpdate:width":r}=e;n&&G(n,t),r&&G(r,t),o.value=t},m=t=>{let{onUpdateHeight:n,"onUpdate:width":r}=e;n&&G(n,t),r&&G(r,t),s.value=t},h=g(()=>[{width:d.value,height:f.value},e.drawerStyle||``]);function y(t){let{onMaskClick:n,maskClosable:r}=e;r&&C(!1),n&&n(t)}function b(e){y(e)}let x=v();function S(t){e.onEsc?.(),e.show&&e.closeOnEsc&&_(t)&&(x.value||C(!1))}function C(t){let{onHide:n,onUpdateShow:r,"onUpdate:show":i}=e;r&&G(r,t),i&&G(i,t),n&&!t&&G(n,t)}I(ye,{isMountedRef:i,mergedThemeRef:a,mergedClsPrefixRef:t,doUpdateShow:C,doUpdateHeight:m,doUpdateWidth:p});let w=g(()=>{let{common:{cubicBezierEaseInOut:e,cubicBezierEaseIn:t,cubicBezierEaseOut:n},self:{color:r,textColor:i,boxShadow:o,lineHeight:s,headerPadding:c,footerPadding:l,borderRadius:u,bodyPadding:d,titleFontSize:f,titleTextColor:p,titleFontWeight:m,headerBorderBottom:h,footerBorderTop:g,closeIconColor:_,closeIconColorHover:v,closeIconColorPressed:y,closeColorHover:b,closeColorPressed:x,closeIconSize:S,closeSize:C,closeBorderRadius:w,resizableTriggerColorHover:T}}=a.value;return{"--n-line-height":s,"--n-color":r,"--n-border-radius":u,"--n-text-color":i,"--n-box-shadow":o,"--n-bezier":e,"--n-bezier-out":n,"--n-bezier-in":t,"--n-header-padding":c,"--n-body-padding":d,"--n-footer-padding":l,"--n-title-text-color":p,"--n-title-font-size":f,"--n-title-font-weight":m,"--n-header-border-bottom":h,"--n-footer-border-top":g,"--n-close-icon-color":_,"--n-close-icon-color-hover":v,"--n-close-icon-color-pressed":y,"--n-close-size":C,"--n-close-color-hover":b,"--n-close-color-pressed":x,"--n-close-icon-size":S,"--n-close-border-radius":w,"--n-resize-trigger-color-hover":T}}),T=r?Ve(`drawer`,void 0,w,e):void 0;return{mergedClsPrefix:t,namespace:n,mergedBodyStyle:h,handleOutsideClick:b,handleMaskClick:y,handleEsc:S,mergedTheme:a,cssVars:r?void 0:w,themeClass:T?.themeClass,onRender:T?.onRender,isMounted:i}},render(){let{mergedClsPrefix:e}=this;return R(),O(Ne,{to:this.to,show:this.show},{default:()=>(this.onRender?.(),Ee((R(),i(`div`,{class:k([`${e}-drawer-container`,this.namespace,this.themeClass]),style:B(this.cssVars),role:`none`},[this.showMask?(R(),O(S,{key:0,name:`fade-in-transition`,appear:this.isMounted},{default:()=>this.show?(R(),i(`div`,{key:1,"aria-hidden":!0,class:k([`${e}-drawer-mask`,this.showMask===`transparent`&&`${e}-drawer-mask--invisible`]),onClick:this.handleMaskClick},null,10,st)):null},1032,[`appear`])):Z(()=>null),(R(),O(qe,y(this.$attrs,{class:[this.drawerClass,this.$attrs.class],style:[this.mergedBodyStyle,this.$attrs.style],blockScroll:this.blockScroll,contentStyle:this.contentStyle,contentClass:this.contentClass,placement:this.placement,scrollbarProps:this.scrollbarProps,show:this.show,displayDirective:this.displayDirective,nativeScrollbar:this.nativeScrollbar,onAfterEnter:this.onAfterEnter,onAfterLeave:this.onAfterLeave,trapFocus:this.trapFocus,autoFocus:this.autoFocus,resizable:this.resizable,maxHeight:this.maxHeight,minHeight:this.minHeight,maxWidth:this.maxWidth,minWidth:this.minWidth,showMask:this.showMask,onEsc:this.handleEsc,onClickoutside:this.handleOutsideClick}),o(this.$slots),1040,[`class`,`style`,`blockScroll`,`contentStyle`,`contentClass`,`placement`,`scrollbarProps`,`show`,`displayDirective`,`nativeScrollbar`,`onAfterEnter`,`onAfterLeave`,`trapFocus`,`autoFocus`,`resizable`,`maxHeight`,`minHeight`,`maxWidth`,`minWidth`,`showMask`,`onEsc`,`onClickoutside`]))],6)),[[xe,{zIndex:this.zIndex,enabled:this.show}]]))},1032,[`to`,`show`])}});function ut(e){let{infoColor:t,successColor:n,warningColor:r,errorColor:i,textColor2:a,progressRailColor:o,fontSize:s,fontWeight:c}=e;return{fontSize:s,fontSizeCircle:`28px`,fontWeightCircle:c,railColor:o,railHeight:`8px`,iconSizeCircle:`36px`,iconSizeLine:`18px`,iconColor:t,iconColorInfo:t,iconColorSuccess:n,iconColorWarning:r,iconColorError:i,textColorCircle:a,textColorLineInner:`rgb(255, 255, 255)`,textColorLineOuter:a,fillColor:t,fillColorInfo:t,fillColorSuccess:n,fillColorWarning:r,fillColorError:i,lineBgProcessing:`linear-gradient(90deg, rgba(255, 255, 255, .3) 0%, rgba(255, 255, 255, .5) 100%)`}}var dt={name:`Progress`,common:Be,self:ut},ft=[`id`],pt=[`stop-color`],mt=[`stop-color`],ht=[`viewBox`],gt=[`d`,`stroke-width`],_t=[`d`,`stroke-width`],vt={success:(R(),O(E)),error:(R(),O(me)),warning:(R(),O(ae)),info:(R(),O(e))},yt=M({name:`ProgressCircle`,props:{clsPrefix:{type:String,required:!0},status:{type:String,required:!0},strokeWidth:{type:Number,required:!0},fillColor:[String,Object],railColor:String,railStyle:[String,Object],percentage:{type:Number,default:0},offsetDegree:{type:Number,default:0},showIndicator:{type:Boolean,required:!0},indicatorTextColor:String,unit:String,viewBoxWidth:{type:Number,required:!0},gapDegree:{type:Number,required:!0},gapOffsetDegree:{type:Number,default:0}},setup(e,{slots:t}){let n=g(()=>{let t=`gradient`,{fillColor:n}=e;return typeof n==`object`?`${t}-${x(JSON.stringify(n))}`:t});function r(t,r,i,a){let{gapDegree:o,viewBoxWidth:s,strokeWidth:c}=e,l=50+c/2,u=`M ${l},${l} m 0,50
      a 50,50 0 1 1 0,-100
      a 50,50 0 1 1 0,100`,d=Math.PI*2*50;return{pathString:u,pathStyle:{stroke:a===`rail`?i:typeof e.fillColor==`object`?`url(#${n.value})`:i,strokeDasharray:`${Math.min(t,100)/100*(d-o)}px ${s*8}px`,strokeDashoffset:`-${o/2}px`,transformOrigin:r?`center`:void 0,transform:r?`rotate(${r}deg)`:void 0}}}let a=()=>{let t=typeof e.fillColor==`object`,r=t?e.fillColor.stops[0]:``,a=t?e.fillColor.stops[1]:``;return t&&(R(),i(`defs`,null,[b(`linearGradient`,{id:n.value,x1:`0%`,y1:`100%`,x2:`100%`,y2:`0%`},[b(`stop`,{offset:`0%`,"stop-color":r},null,8,pt),b(`stop`,{offset:`100%`,"stop-color":a},null,8,mt)],8,ft)]))};return()=>{let{fillColor:n,railColor:o,strokeWidth:s,offsetDegree:c,status:l,percentage:u,showIndicator:f,indicatorTextColor:p,unit:m,gapOffsetDegree:h,clsPrefix:g}=e,{pathString:_,pathStyle:v}=r(100,0,o,`rail`),{pathString:y,pathStyle:x}=r(u,c,n,`fill`),S=100+s;return R(),i(`div`,{class:k(`${g}-progress-content`),role:`none`},[b(`div`,{class:k(`${g}-progress-graph`),"aria-hidden":!0},[b(`div`,{class:k(`${g}-progress-graph-circle`),style:B({transform:h?`rotate(${h}deg)`:void 0})},[(R(),i(`svg`,{viewBox:`0 0 ${S} ${S}`},[Z(()=>a()),b(`g`,null,[b(`path`,{class:k(`${g}-progress-graph-circle-rail`),d:_,"stroke-width":s,"stroke-linecap":`round`,fill:`none`,style:B(v)},null,14,gt)]),b(`g`,null,[b(`path`,{class:k([`${g}-progress-graph-circle-fill`,u===0&&`${g}-progress-graph-circle-fill--empty`]),d:y,"stroke-width":s,"stroke-linecap":`round`,fill:`none`,style:B(x)},null,14,_t)])],8,ht))],6)],2),f?(R(),i(`div`,{key:0},[t.default?(R(),i(`div`,{key:0,class:k(`${g}-progress-custom-content`),role:`none`},[Z(()=>t.default())],2)):(R(),i(d,{key:1},[l==="default"?(R(),i(`div`,{key:1,class:k(`${g}-progress-text`),style:B({color:p}),role:`none`},[b(`span`,{class:k(`${g}-progress-text__percentage`)},[Z(()=>u)],2),b(`span`,{class:k(`${g}-progress-text__unit`)},[Z(()=>m)],2)],6)):(R(),i(`div`,{key:0,class:k(`${g}-progress-icon`),"aria-hidden":!0},[(R(),O(_e,{clsPrefix:g},{default:()=>vt[l]},1032,[`clsPrefix`]))],2))],64))])):Z(()=>null)],2)}}}),bt={success:(R(),O(E)),error:(R(),O(me)),warning:(R(),O(ae)),info:(R(),O(e))},xt=M({name:`ProgressLine`,props:{clsPrefix:{type:String,required:!0},percentage:{type:Number,default:0},railColor:String,railStyle:[String,Object],fillColor:[String,Object],status:{type:String,required:!0},indicatorPlacement:{type:String,required:!0},indicatorTextColor:String,unit:{type:String,default:`%`},processing:{type:Boolean,required:!0},showIndicator:{type:Boolean,required:!0},height:[String,Number],railBorderRadius:[String,Number],fillBorderRadius:[String,Number]},setup(e,{slots:t}){let n=g(()=>V(e.height)),r=g(()=>typeof e.fillColor==`object`?`linear-gradient(to right, ${e.fillColor?.stops[0]} , ${e.fillColor?.stops[1]})`:e.fillColor),a=g(()=>e.railBorderRadius===void 0?e.height===void 0?``:V(e.height,{c:.5}):V(e.railBorderRadius)),o=g(()=>e.fillBorderRadius===void 0?e.railBorderRadius===void 0?e.height===void 0?``:V(e.height,{c:.5}):V(e.railBorderRadius):V(e.fillBorderRadius));return()=>{let{indicatorPlacement:s,railColor:c,railStyle:l,percentage:u,unit:f,indicatorTextColor:p,status:m,showIndicator:h,processing:g,clsPrefix:_}=e;return R(),i(`div`,{class:k(`${_}-progress-content`),role:`none`},[b(`div`,{class:k(`${_}-progress-graph`),"aria-hidden":!0},[b(`div`,{class:k([`${_}-progress-graph-line`,{[`${_}-progress-graph-line--indicator-${s}`]:!0}])},[b(`div`,{class:k(`${_}-progress-graph-line-rail`),style:B([{backgroundColor:c,height:n.value,borderRadius:a.value},l])},[b(`div`,{class:k([`${_}-progress-graph-line-fill`,g&&`${_}-progress-graph-line-fill--processing`]),style:B({maxWidth:`${e.percentage}%`,background:r.value,height:n.value,lineHeight:n.value,borderRadius:o.value})},[s===`inside`?(R(),i(`div`,{key:0,class:k(`${_}-progress-graph-line-indicator`),style:B({color:p})},[t.default?(R(),i(d,{key:0},[Z(()=>t.default())],64)):(R(),i(d,{key:1},[Z(()=>`${u}${f}`)],64))],6)):Z(()=>null)],6)],6)],2)],2),h&&s===`outside`?(R(),i(`div`,{key:0},[t.default?(R(),i(`div`,{key:0,class:k(`${_}-progress-custom-content`),style:B({color:p}),role:`none`},[Z(()=>t.default())],6)):(R(),i(d,{key:1},[m==="default"?(R(),i(`div`,{key:0,role:`none`,class:k(`${_}-progress-icon ${_}-progress-icon--as-text`),style:B({color:p})},[Z(()=>u),Z(()=>f)],6)):(R(),i(`div`,{key:1,class:k(`${_}-progress-icon`),"aria-hidden":!0},[(R(),O(_e,{clsPrefix:_},{default:()=>bt[m]},1032,[`clsPrefix`]))],2))],64))])):Z(()=>null)],2)}}}),St=[`id`],Ct=[`stop-color`],wt=[`stop-color`],Tt=[`d`,`stroke-width`],Et=[`d`,`stroke-width`],Dt=[`viewBox`];function Ot(e,t,n=100){return`m ${n/2} ${n/2-e} a ${e} ${e} 0 1 1 0 ${2*e} a ${e} ${e} 0 1 1 0 -${2*e}`}var kt=M({name:`ProgressMultipleCircle`,props:{clsPrefix:{type:String,required:!0},viewBoxWidth:{type:Number,required:!0},percentage:{type:Array,default:[0]},strokeWidth:{type:Number,required:!0},circleGap:{type:Number,required:!0},showIndicator:{type:Boolean,required:!0},fillColor:{type:Array,default:()=>[]},railColor:{type:Array,default:()=>[]},railStyle:{type:Array,default:()=>[]}},setup(e,{slots:t}){let n=g(()=>e.percentage.map((t,n)=>`${Math.PI*t/100*(e.viewBoxWidth/2-e.strokeWidth/2*(1+2*n)-e.circleGap*n)*2}, ${e.viewBoxWidth*8}`)),r=(t,n)=>{let r=e.fillColor[n],a=typeof r==`object`?r.stops[0]:``,o=typeof r==`object`?r.stops[1]:``;return typeof e.fillColor[n]==`object`&&(R(),i(`linearGradient`,{id:`gradient-${n}`,x1:`100%`,y1:`0%`,x2:`0%`,y2:`100%`},[b(`stop`,{offset:`0%`,"stop-color":a},null,8,Ct),b(`stop`,{offset:`100%`,"stop-color":o},null,8,wt)],8,St))};return()=>{let{viewBoxWidth:a,strokeWidth:o,circleGap:s,showIndicator:c,fillColor:l,railColor:u,railStyle:d,percentage:f,clsPrefix:p}=e;return R(),i(`div`,{class:k(`${p}-progress-content`),role:`none`},[b(`div`,{class:k(`${p}-progress-graph`),"aria-hidden":!0},[b(`div`,{class:k(`${p}-progress-graph-circle`)},[(R(),i(`svg`,{viewBox:`0 0 ${a} ${a}`},[b(`defs`,null,[Z(()=>f.map((e,t)=>r(e,t)))]),Z(()=>f.map((e,t)=>(R(),i(`g`,{key:t},[b(`path`,{class:k(`${p}-progress-graph-circle-rail`),d:Ot(a/2-o/2*(1+2*t)-s*t,o,a),"stroke-width":o,"stroke-linecap":`round`,fill:`none`,style:B([{strokeDashoffset:0,stroke:u[t]},d[t]])},null,14,Tt),b(`path`,{class:k([`${p}-progress-graph-circle-fill`,e===0&&`${p}-progress-graph-circle-fill--empty`]),d:Ot(a/2-o/2*(1+2*t)-s*t,o,a),"stroke-width":o,"stroke-linecap":`round`,fill:`none`,style:B({strokeDasharray:n.value[t],strokeDashoffset:0,stroke:typeof l[t]==`object`?`url(#gradient-${t})`:l[t]})},null,14,Et)]))))],8,Dt))],2)],2),c&&t.default?(R(),i(`div`,{key:0},[b(`div`,{class:k(`${p}-progress-text`)},[Z(()=>t.default())],2)])):Z(()=>null)],2)}}}),At=c([w(`progress`,{display:`inline-block`},[w(`progress-icon`,`
 color: var(--n-icon-color);
 transition: color .3s var(--n-bezier);
 `),n(`line`,`
 width: 100%;
 display: block;
 `,[w(`progress-content`,`
 display: flex;
 align-items: center;
 `,[w(`progress-graph`,{flex:1})]),w(`progress-custom-content`,{marginLeft:`14px`}),w(`progress-icon`,`
 width: 30px;
 padding-left: 14px;
 height: var(--n-icon-size-line);
 line-height: var(--n-icon-size-line);
 font-size: var(--n-icon-size-line);
 `,[n(`as-text`,`
 color: var(--n-text-color-line-outer);
 text-align: center;
 width: 40px;
 font-size: var(--n-font-size);
 padding-left: 4px;
 transition: color .3s var(--n-bezier);
 `)])]),n(`circle, dashboard`,{width:`120px`},[w(`progress-custom-content`,`
 position: absolute;
 left: 50%;
 top: 50%;
 transform: translateX(-50%) translateY(-50%);
 display: flex;
 align-items: center;
 justify-content: center;
 `),w(`progress-text`,`
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
 `),w(`progress-icon`,`
 position: absolute;
 left: 50%;
 top: 50%;
 transform: translateX(-50%) translateY(-50%);
 display: flex;
 align-items: center;
 color: var(--n-icon-color);
 font-size: var(--n-icon-size-circle);
 `)]),n(`multiple-circle`,`
 width: 200px;
 color: inherit;
 `,[w(`progress-text`,`
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
 `)]),w(`progress-content`,{position:`relative`}),w(`progress-graph`,{position:`relative`},[w(`progress-graph-circle`,[c(`svg`,{verticalAlign:`bottom`}),w(`progress-graph-circle-fill`,`
 stroke: var(--n-fill-color);
 transition:
 opacity .3s var(--n-bezier),
 stroke .3s var(--n-bezier),
 stroke-dasharray .3s var(--n-bezier);
 `,[n(`empty`,{opacity:0})]),w(`progress-graph-circle-rail`,`
 transition: stroke .3s var(--n-bezier);
 overflow: hidden;
 stroke: var(--n-rail-color);
 `)]),w(`progress-graph-line`,[n(`indicator-inside`,[w(`progress-graph-line-rail`,`
 height: 16px;
 line-height: 16px;
 border-radius: 10px;
 `,[w(`progress-graph-line-fill`,`
 height: inherit;
 border-radius: 10px;
 `),w(`progress-graph-line-indicator`,`
 background: #0000;
 white-space: nowrap;
 text-align: right;
 margin-left: 14px;
 margin-right: 14px;
 height: inherit;
 font-size: 12px;
 color: var(--n-text-color-line-inner);
 transition: color .3s var(--n-bezier);
 `)])]),n(`indicator-inside-label`,`
 height: 16px;
 display: flex;
 align-items: center;
 `,[w(`progress-graph-line-rail`,`
 flex: 1;
 transition: background-color .3s var(--n-bezier);
 `),w(`progress-graph-line-indicator`,`
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
 `)]),w(`progress-graph-line-rail`,`
 position: relative;
 overflow: hidden;
 height: var(--n-rail-height);
 border-radius: 5px;
 background-color: var(--n-rail-color);
 transition: background-color .3s var(--n-bezier);
 `,[w(`progress-graph-line-fill`,`
 background: var(--n-fill-color);
 position: relative;
 border-radius: 5px;
 height: inherit;
 width: 100%;
 max-width: 0%;
 transition:
 background-color .3s var(--n-bezier),
 max-width .2s var(--n-bezier);
 `,[n(`processing`,[c(`&::after`,`
 content: "";
 background-image: var(--n-line-bg-processing);
 animation: progress-processing-animation 2s var(--n-bezier) infinite;
 `)])])])])])]),c(`@keyframes progress-processing-animation`,`
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
 `)]),jt=[`aria-valuenow`,`role`],Mt={...Re.props,processing:Boolean,type:{type:String,default:`line`},gapDegree:Number,gapOffsetDegree:Number,status:{type:String,default:`default`},railColor:[String,Array],railStyle:[String,Array],color:[String,Array,Object],viewBoxWidth:{type:Number,default:100},strokeWidth:{type:Number,default:7},percentage:[Number,Array],unit:{type:String,default:`%`},showIndicator:{type:Boolean,default:!0},indicatorPosition:{type:String,default:`outside`},indicatorPlacement:{type:String,default:`outside`},indicatorTextColor:String,circleGap:{type:Number,default:1},height:Number,borderRadius:[String,Number],fillBorderRadius:[String,Number],offsetDegree:Number},Nt=M({name:`Progress`,props:Mt,setup(e){let t=g(()=>e.indicatorPlacement||e.indicatorPosition),n=g(()=>{if(e.gapDegree||e.gapDegree===0)return e.gapDegree;if(e.type===`dashboard`)return 75}),{mergedClsPrefixRef:r,inlineThemeDisabled:i}=u(e),a=Re(`Progress`,`-progress`,At,dt,e,r),o=g(()=>{let{status:t}=e,{common:{cubicBezierEaseInOut:n},self:{fontSize:r,fontSizeCircle:i,railColor:o,railHeight:s,iconSizeCircle:c,iconSizeLine:l,textColorCircle:u,textColorLineInner:d,textColorLineOuter:f,lineBgProcessing:p,fontWeightCircle:m,[Ce(`iconColor`,t)]:h,[Ce(`fillColor`,t)]:g}}=a.value;return{"--n-bezier":n,"--n-fill-color":g,"--n-font-size":r,"--n-font-size-circle":i,"--n-font-weight-circle":m,"--n-icon-color":h,"--n-icon-size-circle":c,"--n-icon-size-line":l,"--n-line-bg-processing":p,"--n-rail-color":o,"--n-rail-height":s,"--n-text-color-circle":u,"--n-text-color-line-inner":d,"--n-text-color-line-outer":f}}),s=i?Ve(`progress`,g(()=>e.status[0]),o,e):void 0;return{mergedClsPrefix:r,mergedIndicatorPlacement:t,gapDeg:n,cssVars:i?void 0:o,themeClass:s?.themeClass,onRender:s?.onRender}},render(){let{type:e,cssVars:t,indicatorTextColor:n,showIndicator:r,status:a,railColor:s,railStyle:c,color:l,percentage:u,viewBoxWidth:f,strokeWidth:p,mergedIndicatorPlacement:m,unit:h,borderRadius:g,fillBorderRadius:_,height:v,processing:y,circleGap:b,mergedClsPrefix:x,gapDeg:S,gapOffsetDegree:C,themeClass:w,$slots:T,onRender:E}=this;return E?.(),R(),i(`div`,{class:k([w,`${x}-progress`,`${x}-progress--${e}`,`${x}-progress--${a}`]),style:B(t),"aria-valuemax":100,"aria-valuemin":0,"aria-valuenow":u,role:e===`circle`||e===`line`||e===`dashboard`?`progressbar`:`none`},[e===`circle`||e===`dashboard`?(R(),O(yt,{key:0,clsPrefix:x,status:a,showIndicator:r,indicatorTextColor:n,railColor:s,fillColor:l,railStyle:c,offsetDegree:this.offsetDegree,percentage:u,viewBoxWidth:f,strokeWidth:p,gapDegree:S===void 0?e===`dashboard`?75:0:S,gapOffsetDegree:C,unit:h},o(T),1032,[`clsPrefix`,`status`,`showIndicator`,`indicatorTextColor`,`railColor`,`fillColor`,`railStyle`,`offsetDegree`,`percentage`,`viewBoxWidth`,`strokeWidth`,`gapDegree`,`gapOffsetDegree`,`unit`])):(R(),i(d,{key:1},[e===`line`?(R(),O(xt,{key:0,clsPrefix:x,status:a,showIndicator:r,indicatorTextColor:n,railColor:s,fillColor:l,railStyle:c,percentage:u,processing:y,indicatorPlacement:m,unit:h,fillBorderRadius:_,railBorderRadius:g,height:v},o(T),1032,[`clsPrefix`,`status`,`showIndicator`,`indicatorTextColor`,`railColor`,`fillColor`,`railStyle`,`percentage`,`processing`,`indicatorPlacement`,`unit`,`fillBorderRadius`,`railBorderRadius`,`height`])):(R(),i(d,{key:1},[e===`multiple-circle`?(R(),O(kt,{key:0,clsPrefix:x,strokeWidth:p,railColor:s,fillColor:l,railStyle:c,viewBoxWidth:f,percentage:u,showIndicator:r,circleGap:b},o(T),1032,[`clsPrefix`,`strokeWidth`,`railColor`,`fillColor`,`railStyle`,`viewBoxWidth`,`percentage`,`showIndicator`,`circleGap`])):Z(()=>null)],64))],64))],14,jt)}}),Pt={class:`drawer`},Ft={class:`row`},It=[`aria-label`],Lt={class:`grow cut`},Rt=[`aria-label`],zt={key:0,class:`body`},Bt={key:0,class:`note bad`,role:`alert`},Vt={key:2,class:`empty`},Ht=[`onClick`],Ut={class:`grow`},Wt={class:`row`},Gt={class:`cut`},Kt={key:0,class:`tag`},qt={key:1,class:`tag`},Jt={class:`small soft cut numbers`,style:{display:`block`}},Yt={key:1,class:`body`},Xt={class:`soft numbers`},Zt={key:0,class:`note bad`},Qt={class:`soft small numbers`},$t={class:`row wrap`},en=[`href`],tn=[`href`],nn={key:1,class:`note`,role:`status`},rn=[`aria-pressed`,`onClick`],an={class:`numbers`},on={key:3,class:`note bad`,role:`alert`},sn={class:`items`},cn={class:`pic`},ln={class:`grow`},un={class:`cut`,style:{display:`block`}},dn={key:0},fn={key:5,class:`out`},pn=ke(M({__name:`TasksDrawer`,props:{show:{type:Boolean}},emits:[`update:show`],setup(e,{emit:n}){let o=e,c=n,u=J(``),f=g(()=>C.value.find(e=>e.taskID===u.value)),_=J(``);t(()=>o.show,e=>{e&&(_.value=``,u.value=``,ue.value&&E(ue.value),ze.value||a().catch(e=>_.value=e.message))});let v=J(``),y=J([]),x=J(0),S=J(!1),w=J(),T=0;function E(e){u.value=e.taskID,ne(e.taskID),v.value=e.failed>0?`failed`:``,w.value=void 0,k(!0)}async function k(e){e&&(T++,x.value=0,y.value=[]);let t=T;S.value=!0;try{let e=await h(`/api/v1/oss/source/copy/items`,{taskID:u.value,outcome:v.value,limit:100,lastSeq:x.value});if(t!==T)return;y.value.push(...e.list),x.value=e.lastSeq}catch(e){t===T&&(_.value=e.message)}finally{t===T&&(S.value=!1)}}t(()=>f.value&&Q(f.value),(e,t)=>{t&&!e&&f.value&&o.show&&E(f.value)});let A=J([]);t(()=>[u.value,f.value&&Q(f.value),f.value?.undoAt],async([e,t])=>{A.value=[];let n=f.value;if(!e||t||!n||n.copied+n.replaced===0)return;let r=[];try{for(let t of[`copied`,`replaced`])for(let n=0;n>=0;){let i=await h(`/api/v1/oss/source/copy/items`,{taskID:e,outcome:t,limit:100,lastSeq:n});r.push(...i.list.filter(e=>e.downloadURL).map(e=>e.imageID)),n=i.lastSeq}e===u.value&&(A.value=[...new Set(r)])}catch{}},{immediate:!0});let M=g(()=>{let e=f.value;return e?[``,`failed`,`copied`,`replaced`,`skipped`].map(t=>({o:t,n:t===``?X(e):e[t]})).filter(e=>e.o===``||e.n>0).map(e=>({...e,label:j(`outcome.`+(e.o||`all`))})):[]}),P=e=>{if(e.status===4)return j(`tasks.waiting`);if(e.status===1)return e.total?j(`tasks.running`,{done:r(X(e)),of:r(e.total)}):j(`tasks.preparing`);if(e.failCode===`cancelled`)return j(`tasks.cancelled`);if(e.status===3)return j(`tasks.failed`);let t=e.copied+e.replaced;return t===0&&e.failed===0?j(`tasks.nothing`):t===0?p(`tasks.someFailed`,e.failed):p(`tasks.published`,t)},F=e=>e.status===3?re.value===`zh`?e.failMsg:j(`limit.`+e.failCode,{max:``}):``,I=e=>Q(e)?`busy`:e.failCode===`cancelled`?`warn`:e.status===3||e.failed>0?`bad`:`good`,ae=e=>re.value===`zh`?e.reasonMessage:e.reasonMessageEn.charAt(0).toUpperCase()+e.reasonMessageEn.slice(1);async function se(e){await oe(e.taskID).catch(K),await s(e.taskID).catch(()=>void 0)}async function ce(e){try{let t=await l(e.taskID);await a();let n=C.value.find(e=>e.taskID===t);n&&E(n)}catch(e){K(e)}}async function le(e){try{let t=await we(e.taskID,!0);if(t.removed+t.restored===0)return w.value=t,ge(j(`undo.nothing`));ve({title:j(`undo.title`),text:[t.removed?p(`undo.removed`,t.removed):``,t.restored?p(`undo.restored`,t.restored):``,t.kept.length?p(`undo.kept`,t.kept.length):``].filter(e=>e).join(`
`),action:j(`undo.go`),danger:t.removed>0,run:async()=>{w.value=await we(e.taskID,!1),await k(!0)}})}catch(e){K(e)}}let de=(e,t)=>`/api/v1/oss/source/copy/report?taskID=${e.taskID}&format=${t}`;return(t,n)=>(R(),O(q(lt),{show:e.show,width:q(Se)?`100%`:520,placement:`right`,"aria-label":t.$t(`tasks.title`),"onUpdate:show":n[7]||=e=>c(`update:show`,e)},{default:Y(()=>[b(`div`,Pt,[b(`header`,Ft,[f.value?(R(),i(`button`,{key:0,class:`tool`,"aria-label":t.$t(`back`),onClick:n[0]||=e=>u.value=``},[m(H,{name:`right`,style:{transform:`scaleX(-1)`}})],8,It)):$(``,!0),b(`h2`,Lt,W(f.value?P(f.value):t.$t(`tasks.title`)),1),b(`button`,{class:`tool`,"aria-label":t.$t(`close`),onClick:n[1]||=e=>c(`update:show`,!1)},[m(H,{name:`close`})],8,Rt)]),f.value?(R(),i(`div`,Yt,[q(Q)(f.value)?(R(),i(d,{key:0},[m(q(Nt),{type:`line`,height:8,"show-indicator":!1,percentage:f.value.total?100*q(X)(f.value)/f.value.total:0,"aria-label":P(f.value)},null,8,[`percentage`,`aria-label`]),b(`p`,Xt,W(f.value.status===4?t.$t(`tasks.waitingHint`):t.$t(`tasks.runningHint`)),1),m(q(L),{onClick:n[3]||=e=>se(f.value)},{default:Y(()=>[N(W(t.$t(`tasks.cancel`)),1)]),_:1})],64)):(R(),i(d,{key:1},[F(f.value)?(R(),i(`p`,Zt,W(F(f.value)),1)):$(``,!0),b(`p`,Qt,[N(W(q(ie)(f.value.finishAt||f.value.createAt))+` · `+W(q(He)(f.value.bytes)),1),f.value.undoAt?(R(),i(d,{key:0},[N(` · `+W(t.$t(`tasks.undoneAt`,{at:q(ie)(f.value.undoAt)})),1)],64)):$(``,!0)]),b(`div`,$t,[f.value.failed>0||f.value.status===3?(R(),O(q(L),{key:0,type:`primary`,size:`small`,onClick:n[4]||=e=>ce(f.value)},{default:Y(()=>[N(W(f.value.failed>0?q(p)(`tasks.retryFailed`,f.value.failed):t.$t(`tasks.retryAll`)),1)]),_:1})):$(``,!0),f.value.copied+f.value.replaced>0?(R(),O(q(L),{key:1,size:`small`,onClick:n[5]||=e=>le(f.value)},{default:Y(()=>[N(W(t.$t(`undo.go`))+`…`,1)]),_:1})):$(``,!0),b(`a`,{class:`tool small`,href:de(f.value,`csv`),download:``},W(t.$t(`tasks.report`))+` CSV`,9,en),b(`a`,{class:`tool small`,href:de(f.value,`json`),download:``},`JSON`,8,tn)]),w.value?(R(),i(`div`,nn,[b(`p`,null,[N(W(q(p)(`undo.wasRemoved`,w.value.removed)),1),w.value.restored?(R(),i(d,{key:0},[N(W(t.$t(`and`))+W(q(p)(`undo.wasRestored`,w.value.restored)),1)],64)):$(``,!0)]),(R(!0),i(d,null,z(w.value.kept.slice(0,20),e=>(R(),i(`p`,{key:e.imageID,class:`small`},W(e.filename)+`: `+W(ae(e)),1))),128))])):$(``,!0)],64)),M.value.length>1?(R(),O(D(`div`),{key:2,class:`row wrap tabs`,role:`group`,"aria-label":t.$t(`tasks.filter`)},{default:Y(()=>[(R(!0),i(d,null,z(M.value,e=>(R(),i(`button`,{key:e.o,class:`tool small`,"aria-pressed":v.value===e.o,onClick:t=>(v.value=e.o,k(!0))},[N(W(e.label)+` `,1),b(`span`,an,W(q(r)(e.n)),1)],8,rn))),128))]),_:1},8,[`aria-label`])):$(``,!0),_.value?(R(),i(`p`,on,W(_.value),1)):$(``,!0),b(`ul`,sn,[(R(!0),i(d,null,z(y.value,e=>(R(),i(`li`,{key:e.seq},[b(`span`,cn,[m(Me,{kind:e.downloadURL?`bed`:`drive`,id:e.downloadURL?e.imageID:e.fileId,name:e.filename,etag:e.etag,size:128,url:e.downloadURL},null,8,[`kind`,`id`,`name`,`etag`,`url`])]),b(`span`,ln,[b(`span`,un,W(e.filename),1),b(`span`,{class:Pe([`small cut`,e.outcome===`failed`?`bad`:`soft`]),style:{display:`block`}},W(e.reason?ae(e):e.targetPath),3)]),b(`span`,{class:Pe([`tag`,{copied:`good`,replaced:`good`,failed:`bad`,skipped:``,open:`busy`}[e.outcome]])},W(t.$t(`outcome.`+e.outcome)),3)]))),128)),S.value&&y.value.length===0?(R(),i(`li`,dn,[...n[8]||=[b(`span`,{class:`bone`,style:{height:`40px`,width:`100%`}},null,-1)]])):$(``,!0)]),x.value>0&&y.value.length?(R(),O(q(L),{key:4,block:``,quaternary:``,loading:S.value,onClick:n[6]||=e=>k(!1)},{default:Y(()=>[N(W(t.$t(`more`)),1)]),_:1},8,[`loading`])):$(``,!0),A.value.length&&!q(Q)(f.value)?(R(),i(`section`,fn,[b(`h3`,null,W(q(p)(`links.of`,A.value.length)),1),m(be,{ids:A.value},null,8,[`ids`])])):$(``,!0)])):(R(),i(`div`,zt,[_.value?(R(),i(`p`,Bt,W(_.value),1)):q(ze)?q(C).length===0?(R(),i(`div`,Vt,[m(H,{name:`publish`,size:32}),b(`p`,null,W(t.$t(`tasks.none`)),1)])):$(``,!0):(R(),i(d,{key:1},z(4,e=>b(`div`,{key:e,class:`bone`,style:{height:`52px`,"margin-bottom":`8px`}})),64)),(R(!0),i(d,null,z(q(C),e=>(R(),i(`button`,{key:e.taskID,class:`task`,onClick:t=>E(e)},[b(`span`,{class:Pe([`dot`,I(e)])},null,2),b(`span`,Ut,[b(`span`,Wt,[b(`b`,Gt,W(P(e)),1),e.undoAt?(R(),i(`span`,Kt,W(t.$t(`tasks.undone`)),1)):e.retryOf?(R(),i(`span`,qt,W(t.$t(`tasks.retry`)),1)):$(``,!0)]),b(`span`,Jt,[N(W(q(ee)(e.createAt)),1),!q(Q)(e)&&e.failed&&e.status!==3?(R(),i(d,{key:0},[N(` · `+W(q(p)(`tasks.someFailed`,e.failed)),1)],64)):$(``,!0),F(e)?(R(),i(d,{key:1},[N(` · `+W(F(e)),1)],64)):$(``,!0)]),q(Q)(e)?(R(),O(q(Nt),{key:0,type:`line`,height:4,"show-indicator":!1,percentage:e.total?100*q(X)(e)/e.total:0,"aria-label":P(e)},null,8,[`percentage`,`aria-label`])):$(``,!0)]),m(H,{name:`right`,size:16})],8,Ht))),128)),q(C).length&&q(te)!==`-1`?(R(),O(q(L),{key:3,block:``,quaternary:``,onClick:n[2]||=e=>q(a)(!0).catch(q(K))},{default:Y(()=>[N(W(t.$t(`more`)),1)]),_:1})):$(``,!0)]))])]),_:1},8,[`show`,`width`,`aria-label`]))}}),[[`__scopeId`,`data-v-411ad56b`]]);export{pn as default};